import { constants as cryptoConstants } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import http2, { type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { StatusError } from '../api/errors.ts'
import { requestUser } from './authentication/request-user.ts'
import { compressedFromBytes, Compression } from './compression.ts'
import type { ApiContext } from './context.ts'
import { readBody, type RequestBody } from './request-body.ts'
import { parseResourcePath } from './request-info.ts'
import { type ApiRequest, type ApiResponse, type Handler, json, type RawRequest, type User, type Write } from './request.ts'
import { refuseUpgrade, serveUpgrade, type UpgradingClient } from './streaming.ts'
import { warningHeaders } from './warnings.ts'

export interface HttpServerOptions {
  /** A client that has this much of its answer unread, and is sent more, is cut off: it may list and watch again. */
  readonly maxUnreadBytes?: number
  /** How long a request's body may take to arrive, as long as upstream lets a request take. */
  readonly bodyTimeoutMs?: number
}

const defaults: Required<HttpServerOptions> = { maxUnreadBytes: 32 * 1024 * 1024, bodyTimeoutMs: 60_000 }

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
  options: HttpServerOptions = {},
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
  const exchange = new Exchange(handler, context, { ...defaults, ...options })
  server.on('request', (request, response) => void exchange.serve(request, response))
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', (error) => context.log.debug({ error }, 'upgraded connection broke'))
    void upgrade(context, { message: request, socket, head })
  })
  // What node:http does on `listen`, which is not called here: the headers of HTTP/1.1 get a time by which they are in.
  server.emit('listening')
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

/** Never rejects. */
async function upgrade(context: ApiContext, client: UpgradingClient): Promise<void> {
  const { message, socket } = client
  const gone = new AbortController()
  socket.on('close', () => gone.abort())
  let user: User
  try {
    user = await userOf(context, message)
  } catch (error) {
    return refuseUpgrade(context, socket, error)
  }
  await serveUpgrade(context, apiRequest(message, user, noBody, gone.signal), client)
}

/** One request and its answer after another, over either protocol. */
class Exchange {
  readonly #handler: Handler
  readonly #context: ApiContext
  readonly #options: Required<HttpServerOptions>
  readonly #compression = new Compression()

  constructor(handler: Handler, context: ApiContext, options: Required<HttpServerOptions>) {
    this.#handler = handler
    this.#context = context
    this.#options = options
  }

  /** Never rejects: what cannot be answered is logged and cut off. */
  async serve(request: Request, response: Response): Promise<void> {
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    // Whoever leaves while being answered needs no answer.
    response.on('error', (error) => this.#context.log.debug({ error, path: request.url }, 'client left'))
    try {
      const answer = await this.#answer(request, gone.signal)
      if (answer !== undefined) await this.#send(response, { answer, asked: request.headers }, gone.signal)
    } catch (error) {
      if (!gone.signal.aborted) this.#context.log.error({ error, path: request.url }, 'answer broke off')
      cutOff(response)
    }
  }

  /** Undefined if the client has not said all that it meant to say. */
  async #answer(request: Request, signal: AbortSignal): Promise<ApiResponse | undefined> {
    try {
      const user = await userOf(this.#context, request)
      if (isProxied(request)) return await this.#handler({ ...apiRequest(request, user, noBody, signal), raw: rawRequest(request) })
      const body = await readBody(request, { clock: this.#context.clock, timeoutMs: this.#options.bodyTimeoutMs })
      if (body === undefined) return undefined
      return await this.#handler(apiRequest(request, user, body, signal))
    } catch (error) {
      if (error instanceof StatusError) return json(error.status, error.code)
      throw error
    }
  }

  async #send(response: Response, { answer, asked }: Exchanged, signal: AbortSignal): Promise<void> {
    const { body } = answer
    const headers = headersOf(answer)
    if (typeof body !== 'function') {
      if (isKnown(asked, answer)) {
        writeHead(response, 304, headers)
        response.end()
        return
      }
      const sent = await this.#encode(body, asked, headers)
      headers['content-length'] = String(Buffer.byteLength(sent))
      writeHead(response, answer.status, headers)
      response.end(sent)
      return
    }
    writeHead(response, answer.status, headers)
    // HTTP/2 has sent them by now; HTTP/1.1 would wait for the first piece of a watch.
    if ('flushHeaders' in response) response.flushHeaders()
    await body(writer(response, this.#options.maxUnreadBytes), signal)
    response.end()
  }

  /** The body as it is sent; adds to the headers how. */
  async #encode(body: string | Uint8Array, asked: IncomingHttpHeaders, headers: Headers): Promise<string | Uint8Array> {
    const accepted = asked['accept-encoding']
    if (accepted === undefined || headers['content-encoding'] !== undefined) return body
    // A text of fewer characters than bytes are too few need not be encoded to know it.
    if (typeof body === 'string' && body.length * 3 <= compressedFromBytes) return body
    const compressed = await this.#compression.gzip(typeof body === 'string' ? Buffer.from(body) : body, String(accepted))
    if (compressed === undefined) return body
    headers['content-encoding'] = 'gzip'
    headers['vary'] = [headers['vary'] ?? [], 'Accept-Encoding'].flat()
    return compressed
  }
}

interface Exchanged {
  readonly answer: ApiResponse
  /** The headers of the request. */
  readonly asked: IncomingHttpHeaders
}

type Headers = Record<string, string | string[]>

function headersOf({ contentType, headers: own = {}, warnings = [] }: ApiResponse): Headers {
  // What is true now may not be in a moment, and is not for everybody.
  const headers: Headers = { 'cache-control': 'no-cache, private' }
  if (contentType !== '') headers['content-type'] = contentType
  for (const [name, value] of Object.entries(own)) headers[name] = [value].flat()
  if (warnings.length > 0) headers['warning'] = warningHeaders(warnings)
  return headers
}

/** Whether the client has this answer already (RFC 9110 §13.1.2). */
function isKnown({ 'if-none-match': known }: IncomingHttpHeaders, { status, headers }: ApiResponse): boolean {
  const etag = headers?.['etag']
  if (known === undefined || etag === undefined || status !== 200) return false
  const tags = known.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.some((tag) => tag === '*' || tag === etag)
}

const noBody: RequestBody = { body: '' }

function apiRequest(request: Request, user: User, body: RequestBody, signal: AbortSignal): ApiRequest {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    accept: request.headers.accept ?? '',
    contentType: request.headers['content-type'] ?? '',
    userAgent: request.headers['user-agent'] ?? '',
    ...body,
    user,
    signal,
  }
}

/** A proxy passes a request on as it comes, whatever the size of its body. */
function isProxied({ url = '/' }: Request): boolean {
  return parseResourcePath(url.split('?', 1)[0] ?? '')?.subresource === 'proxy'
}

function rawRequest(request: Request): RawRequest {
  const { url = '/', headers } = request
  const length = headers['content-length'] ?? '0'
  const hasBody =
    'stream' in request ? !request.stream.endAfterHeaders : length !== '0' || headers['transfer-encoding'] !== undefined
  return { url, headers, remoteAddress: request.socket.remoteAddress ?? '', body: hasBody ? request : undefined }
}

function userOf({ access }: ApiContext, request: Request): Promise<User> {
  const { headers, rawHeaders } = request
  // HTTP/2 shows a guarded view of the socket; the session's own is the same for all its requests.
  const socket = ('stream' in request ? request.stream.session?.socket : request.socket) as TLSSocket
  return requestUser(access, { socket, headers, rawHeaders })
}

function writer(response: Response, maxUnreadBytes: number): Write {
  // The stream of HTTP/2 and the response of HTTP/1.1 are writables of one form.
  const out = 'stream' in response ? response.stream : response
  let drained: Promise<void> | undefined
  return (chunk) => {
    if (out.destroyed) return
    // Judged by what was there before: a piece may be of any size.
    if (out.writableLength > maxUnreadBytes) return cutOff(response)
    if (out.write(chunk)) return
    drained ??= new Promise((resolve) => {
      const go = () => {
        out.off('drain', go).off('close', go)
        drained = undefined
        resolve()
      }
      out.on('drain', go).on('close', go)
    })
    return drained
  }
}

/** Ends an answer so that the client cannot take it for complete. */
function cutOff(response: Response): void {
  if ('stream' in response) response.stream?.close(http2.constants.NGHTTP2_INTERNAL_ERROR)
  response.destroy()
}

// The two response classes have the same method with overloads that TypeScript cannot unite.
function writeHead(response: Response, status: number, headers: Headers): void {
  if ('stream' in response) response.writeHead(status, headers)
  else response.writeHead(status, headers)
}
