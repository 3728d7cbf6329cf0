import { constants as cryptoConstants } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import http2, { type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { badRequest, StatusError, tooLarge } from '../api/errors.ts'
import { certificateUser } from './authentication.ts'
import type { ApiContext } from './context.ts'
import { type ApiRequest, type ApiResponse, type Handler, json } from './request.ts'
import { serveUpgrade } from './streaming.ts'

/** Largest request body, as upstream's limit. */
const maxBodyBytes = 3 * 1024 * 1024
/** A client that has this much of its answer unread is cut off: it may list and watch again. */
const maxUnreadBytes = 32 * 1024 * 1024

export interface ServerCertificate {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Gives every connection of a listening socket to the taker, those that came before it included. */
export type ConnectionSource = (taker: (socket: Socket) => void) => void

type Request = Http2ServerRequest | IncomingMessage
type Response = Http2ServerResponse | ServerResponse

/**
 * The API over TLS: HTTP/2 and HTTP/1.1 on one port. The result accepts no connections by itself: `accept` takes
 * those of a listening socket, of which there may be several (the host's loopback, the node network).
 */
export function httpServer(
  handler: Handler,
  context: ApiContext,
  certificate: ServerCertificate,
): { accept(connections: ConnectionSource): void; close(): void } {
  const server = http2.createSecureServer({
    ...certificate,
    allowHTTP1: true,
    requestCert: true,
    rejectUnauthorized: false,
    // A resumed session would not show the client's certificate again.
    secureOptions: cryptoConstants.SSL_OP_NO_TICKET,
    settings: { maxConcurrentStreams: 1000 },
  })
  server.on('request', (request, response) => void serve(handler, context, request, response))
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', (error) => context.log.debug({ error }, 'upgraded connection broke'))
    const aborter = new AbortController()
    socket.on('close', () => aborter.abort())
    void serveUpgrade(context, apiRequest(request, '', aborter.signal), { headers: request.headers, socket, head })
  })
  const sockets = new Set<Duplex>()
  return {
    accept: (connections) =>
      connections((socket) => {
        sockets.add(socket)
        socket.on('close', () => sockets.delete(socket))
        server.emit('connection', socket)
      }),
    close: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function serve(handler: Handler, context: ApiContext, request: Request, response: Response): Promise<void> {
  const aborter = new AbortController()
  response.on('close', () => aborter.abort())
  try {
    const body = await readBody(request)
    await send(response, await handler(apiRequest(request, body, aborter.signal)), aborter.signal)
  } catch (error) {
    if (aborter.signal.aborted) return
    if (error instanceof StatusError) return send(response, json(error.status, error.code), aborter.signal)
    context.log.error({ error, path: request.url }, 'answer broke off')
    response.destroy()
  }
}

function apiRequest(request: Request, body: string, signal: AbortSignal): ApiRequest {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    accept: request.headers.accept ?? '',
    contentType: request.headers['content-type'] ?? '',
    body,
    user: certificateUser(tlsSocketOf(request)),
    signal,
  }
}

function tlsSocketOf(request: Request): TLSSocket {
  // HTTP/2 shows a guarded view of the socket; the session's own is the same for all its requests.
  return ('stream' in request ? request.stream.session?.socket : request.socket) as TLSSocket
}

async function readBody(request: Request): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > maxBodyBytes) throw tooLarge(`Request entity too large: limit is ${maxBodyBytes}`)
    chunks.push(chunk)
  }
  const [only, ...others] = chunks
  const bytes = only !== undefined && others.length === 0 ? only : Buffer.concat(chunks)
  try {
    return utf8.decode(bytes)
  } catch {
    throw badRequest('the body of the request is not valid UTF-8')
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

async function send(response: Response, answer: ApiResponse, signal: AbortSignal): Promise<void> {
  const headers: Record<string, string | string[]> = { 'content-type': answer.contentType }
  if (answer.warnings !== undefined && answer.warnings.length > 0) {
    headers['warning'] = answer.warnings.map((warning) => `299 - ${JSON.stringify(warning)}`)
  }
  if (typeof answer.body !== 'function') {
    headers['content-length'] = String(Buffer.byteLength(answer.body))
    writeHead(response, answer.status, headers)
    response.end(answer.body)
    return
  }
  writeHead(response, answer.status, headers)
  // HTTP/2 has sent them by now; HTTP/1.1 would wait for the first piece of a watch.
  if ('flushHeaders' in response) response.flushHeaders()
  await answer.body((chunk) => {
    if (signal.aborted) return
    writeTo(response, chunk)
    if (response.writableLength > maxUnreadBytes) response.destroy()
  }, signal)
  response.end()
}

// The two response classes have the same methods with overloads that TypeScript cannot unite.
function writeHead(response: Response, status: number, headers: Record<string, string | string[]>): void {
  if ('stream' in response) response.writeHead(status, headers)
  else response.writeHead(status, headers)
}

function writeTo(response: Response, chunk: string | Uint8Array): void {
  if ('stream' in response) response.write(chunk)
  else response.write(chunk)
}
