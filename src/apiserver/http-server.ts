import { constants as cryptoConstants } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import http2, { type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex, Writable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { StatusError } from '../api/errors.ts'
import { requestUser } from './authentication/request-user.ts'
import { compressedFromBytes, Compression } from './compression.ts'
import type { ApiContext } from './context.ts'
import { readBody } from './request-body.ts'
import { parseResourcePath } from './request-info.ts'
import { isLongRunning, RequestSlots, timeoutMsOf, within } from './request-limits.ts'
import { type ApiRequest, type ApiResponse, type Handler, json, type LongText, type RawRequest, type User, type Write } from './request.ts'
import { refuseUpgrade, serveUpgrade, type UpgradingClient } from './streaming.ts'
import { UnreadBytes, type UnreadOf } from './unread-bytes.ts'
import { warningHeaders } from './warnings.ts'

export interface HttpServerOptions {
  /** A client that has this much of its answer unread, and is sent more, is cut off: it may list and watch again. */
  readonly maxUnreadBytes?: number
  /** The same for all clients together: whoever is sent more then, and has much unread, is cut off. */
  readonly maxTotalUnreadBytes?: number
  /** How long a request's body may take to arrive, as long as upstream lets a request take. */
  readonly bodyTimeoutMs?: number
  /** How long the answer to a request may take that does not go on, and then to be read. */
  readonly requestTimeoutMs?: number
  /** An HTTP/2 connection without a request for so long is ended; clients make another one. */
  readonly idleTimeoutMs?: number
  /** How long a new connection may take until it is encrypted. */
  readonly handshakeTimeoutMs?: number
}

const mebibyte = 1024 * 1024
const defaults: Required<HttpServerOptions> = {
  maxUnreadBytes: 32 * mebibyte,
  maxTotalUnreadBytes: 256 * mebibyte,
  bodyTimeoutMs: 60_000,
  requestTimeoutMs: 60_000,
  idleTimeoutMs: 90_000,
  handshakeTimeoutMs: 30_000,
}
/** A peer that is gone without a word is found out by this, in milliseconds of silence. */
const keepAliveMs = 15_000

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
  const chosen = { ...defaults, ...options }
  const server = http2.createSecureServer({
    ...certificate,
    allowHTTP1: true,
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: chosen.handshakeTimeoutMs,
    // A resumed session would not show the client's certificate again.
    secureOptions: cryptoConstants.SSL_OP_NO_TICKET,
    settings: { maxConcurrentStreams: 1000 },
    // In MB. Beyond it new requests would be refused because others on the connection have not been read: what may be
    // unread is bounded below.
    maxSessionMemory: 1024,
  })
  const exchange = new Exchange(handler, context, chosen)
  server.on('session', (session) => endIdle(session, chosen.idleTimeoutMs))
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
        socket.setKeepAlive(true, keepAliveMs)
        socket.on('close', () => sockets.delete(socket))
        server.emit('connection', socket)
      }),
    close: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Ends a session on which nothing has been asked, and nothing is being answered, for some time. */
function endIdle(session: http2.ServerHttp2Session, afterMs: number): void {
  let open = 0
  let hasWaited = false
  const endIfUnused = () => {
    if (open === 0) session.close()
    hasWaited = true
  }
  session.setTimeout(afterMs, endIfUnused)
  session.on('stream', (stream) => {
    open += 1
    stream.once('close', () => {
      open -= 1
      // The time passed while something was open, and does not begin again by itself.
      if (open > 0 || !hasWaited || session.closed) return
      hasWaited = false
      session.setTimeout(afterMs, endIfUnused)
    })
  })
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
  await serveUpgrade(context, apiRequest(message, user, gone.signal), client)
}

/** One request and its answer after another, over either protocol. */
class Exchange {
  readonly #handler: Handler
  readonly #context: ApiContext
  readonly #options: Required<HttpServerOptions>
  readonly #compression = new Compression()
  readonly #slots = new RequestSlots()
  readonly #unread: UnreadBytes

  constructor(handler: Handler, context: ApiContext, options: Required<HttpServerOptions>) {
    this.#unread = new UnreadBytes(options.maxTotalUnreadBytes)
    this.#handler = handler
    this.#context = context
    this.#options = options
  }

  /** Never rejects: what cannot be answered is logged and cut off. */
  async serve(request: Request, response: Response): Promise<void> {
    const gone = new AbortController()
    const out = writableOf(response)
    response.on('close', () => gone.abort())
    // Whoever leaves while being answered needs no answer.
    response.on('error', (error) => this.#context.log.debug({ error, path: request.url }, 'client left'))
    let leave = () => {}
    try {
      const answer = await this.#answer(request, gone.signal, (slot) => (leave = slot))
      if (answer !== undefined) await this.#send(response, { answer, asked: request.headers }, gone.signal)
    } catch (error) {
      if (!gone.signal.aborted) this.#context.log.error({ error, path: request.url }, 'answer broke off')
      cutOff(response)
    } finally {
      this.#leaveWhenRead(out, leave, () => cutOff(response))
    }
  }

  /** A large answer that waits to be read is as much of a load as the request was, and is not kept for ever. */
  #leaveWhenRead(out: Writable, leave: () => void, giveUp: () => void): void {
    if (out.destroyed || out.writableLength <= compressedFromBytes) return leave()
    const cancel = this.#context.clock.after(this.#options.requestTimeoutMs, giveUp)
    out.once('close', () => {
      cancel()
      leave()
    })
  }

  /** Undefined if the client has not said all that it meant to say. */
  async #answer(request: Request, signal: AbortSignal, entered: (leave: () => void) => void): Promise<ApiResponse | undefined> {
    try {
      const user = await userOf(this.#context, request)
      const asked = apiRequest(request, user, signal)
      const path = parseResourcePath(asked.path)
      // A proxy passes a request on as it comes, whatever the size of its body.
      if (path?.subresource === 'proxy') return await this.#handler({ ...asked, raw: rawRequest(request) })
      const goesOn = isLongRunning(asked, path)
      if (!goesOn) entered(this.#slots.take(user))
      const { bodyTimeoutMs, requestTimeoutMs } = this.#options
      const timeoutMs = goesOn ? Infinity : timeoutMsOf(asked.query, requestTimeoutMs)
      const body = await readBody(request, { clock: this.#context.clock, timeoutMs: Math.min(bodyTimeoutMs, timeoutMs) })
      if (body === undefined) return undefined
      const answer = this.#handler({ ...asked, ...body })
      return await (goesOn ? answer : within(answer, timeoutMs, this.#context.clock))
    } catch (error) {
      if (error instanceof StatusError) return refusal(error)
      throw error
    }
  }

  async #send(response: Response, { answer, asked }: Exchanged, signal: AbortSignal): Promise<void> {
    const { body } = answer
    const headers = headersOf(answer)
    if (isLongText(body) && asked['accept-encoding'] === undefined && response.req.method !== 'HEAD') {
      writeHead(response, answer.status, headers)
      if ('flushHeaders' in response) response.flushHeaders()
      return this.#sendPieces(response, body, signal)
    }
    if (typeof body !== 'function') {
      if (isKnown(asked, answer)) {
        writeHead(response, 304, headers)
        response.end()
        return
      }
      const sent = await this.#encode(isLongText(body) ? [...body.pieces()].join('') : body, asked, headers)
      headers['content-length'] = String(Buffer.byteLength(sent))
      writeHead(response, answer.status, headers)
      // HTTP/1.1 would write the headers in the encoding of a text that follows.
      response.end('warning' in headers ? Buffer.from(sent) : sent)
      return
    }
    writeHead(response, answer.status, headers)
    // HTTP/2 has sent them by now; HTTP/1.1 would wait for the first piece of a watch.
    if ('flushHeaders' in response) response.flushHeaders()
    await body(writer(response, this.#options.maxUnreadBytes, this.#unread.add()), signal)
    response.end()
  }

  /** As fast as they are read; not for longer than a request may take. */
  async #sendPieces(response: Response, body: LongText, signal: AbortSignal): Promise<void> {
    const cancel = this.#context.clock.after(this.#options.requestTimeoutMs, () => cutOff(response))
    const write = writer(response, this.#options.maxUnreadBytes, this.#unread.add())
    try {
      for (const piece of body.pieces()) {
        await write(piece)
        if (signal.aborted) return
      }
      response.end()
    } finally {
      cancel()
    }
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

function isLongText(body: ApiResponse['body']): body is LongText {
  return typeof body === 'object' && 'pieces' in body
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

function refusal({ status, code }: StatusError): ApiResponse {
  const { retryAfterSeconds } = status.details ?? {}
  return { ...json(status, code), ...(retryAfterSeconds !== undefined && { headers: { 'retry-after': String(retryAfterSeconds) } }) }
}

/** The request without its body. */
function apiRequest(request: Request, user: User, signal: AbortSignal): ApiRequest {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    accept: request.headers.accept ?? '',
    contentType: request.headers['content-type'] ?? '',
    userAgent: request.headers['user-agent'] ?? '',
    body: '',
    user,
    signal,
  }
}

function rawRequest(request: Request): RawRequest {
  const { url = '/', headers } = request
  const length = headers['content-length'] ?? '0'
  const hasBody =
    'stream' in request ? !request.stream.endAfterHeaders : length !== '0' || headers['transfer-encoding'] !== undefined
  return { url, headers, remoteAddress: request.socket.remoteAddress ?? '', body: hasBody ? request : undefined }
}

function userOf({ access, clock }: ApiContext, request: Request): Promise<User> {
  const { headers, rawHeaders } = request
  // HTTP/2 shows a guarded view of the socket; the session's own is the same for all its requests.
  const socket = ('stream' in request ? request.stream.session?.socket : request.socket) as TLSSocket
  return requestUser(access, { socket, headers, rawHeaders, now: clock.now() })
}

function writer(response: Response, maxUnreadBytes: number, unread: UnreadOf): Write {
  const out = writableOf(response)
  out.once('close', () => unread.count(0))
  let drained: Promise<void> | undefined
  return (chunk) => {
    if (out.destroyed) return
    // Judged by what was there before: a piece may be of any size.
    if (out.writableLength > maxUnreadBytes || unread.isTooMuch()) return cutOff(response)
    if (out.write(chunk)) return
    unread.count(out.writableLength)
    drained ??= new Promise((resolve) => {
      const go = () => {
        out.off('drain', go).off('close', go)
        drained = undefined
        unread.count(out.destroyed ? 0 : out.writableLength)
        resolve()
      }
      out.on('drain', go).on('close', go)
    })
    return drained
  }
}

/** The stream of HTTP/2 and the response of HTTP/1.1 are writables of one form. */
function writableOf(response: Response): Writable {
  return 'stream' in response ? response.stream : response
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
