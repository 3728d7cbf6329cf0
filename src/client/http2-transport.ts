import { once } from 'node:events'
import { constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { ConnectionError } from './client.ts'
import { connectionError, Http2Sessions, type Http2Options } from './http2-session.ts'
import { unlessAborted } from './unless-aborted.ts'
import type { Transport, TransportRequest, TransportResponse } from './transport.ts'

export type { Http2Options }

export type Http2Transport = Transport & {
  /** Breaks what is under way; later requests throw `ConnectionError`. */
  close(): Promise<void>
}

/** Requests over HTTP/2 and TLS, with a client certificate or a bearer token. All share one connection. */
export function http2Transport(options: Http2Options): Http2Transport {
  const { server } = options
  if (!server.startsWith('https://')) throw new TypeError(`${server}: the server's address must be https://HOST:PORT`)
  const sessions = new Http2Sessions(options)
  const transport: Transport = (request) => send(sessions, options, request)
  return Object.assign(transport, { close: () => sessions.close() })
}

/** A request that the server certainly has not looked at is sent once more, over a new connection. */
async function send(
  sessions: Http2Sessions,
  options: Http2Options,
  request: TransportRequest,
): Promise<TransportResponse> {
  try {
    return await attempt(await unlessAborted(sessions.get(), request.signal), options, request)
  } catch (error) {
    request.signal?.throwIfAborted()
    if (!(error instanceof NotProcessed)) throw error
    return await attempt(await unlessAborted(sessions.get(), request.signal), options, request)
  }
}

/** The stream was refused, or the session was on its way out before it could be opened (RFC 9113, 8.7). */
class NotProcessed extends ConnectionError {}

async function attempt(
  session: ClientHttp2Session,
  options: Http2Options,
  request: TransportRequest,
): Promise<TransportResponse> {
  const { signal } = request
  signal?.throwIfAborted()
  const { server } = options
  const stream = open(session, server, headersOf(request, options))
  const cancel = () => stream.close(constants.NGHTTP2_CANCEL)
  signal?.addEventListener('abort', cancel, { once: true })
  stream.once('close', () => signal?.removeEventListener('abort', cancel))
  // Whoever waits for the status or reads the body is told of errors; there may be nobody between the two.
  stream.on('error', () => {})
  stream.end(request.body)
  try {
    const status = await statusOf(stream)
    return { status, body: bodyOf(stream, server, signal) }
  } catch (error) {
    signal?.throwIfAborted()
    const refused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM
    throw refused ? new NotProcessed(`${server}: the server refused the request`) : connectionError(server, error)
  }
}

function open(session: ClientHttp2Session, server: string, headers: Record<string, string>): ClientHttp2Stream {
  try {
    return session.request(headers, { endStream: false })
  } catch (error) {
    throw new NotProcessed(`${server}: the connection is closing`, { cause: error })
  }
}

function headersOf(
  { method, path, contentType }: TransportRequest,
  { token, userAgent }: Http2Options,
): Record<string, string> {
  return {
    ':method': method,
    ':path': path,
    accept: 'application/json',
    ...(userAgent === undefined ? {} : { 'user-agent': userAgent }),
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
    ...(token === undefined ? {} : { authorization: `Bearer ${typeof token === 'string' ? token : token()}` }),
  }
}

async function statusOf(stream: ClientHttp2Stream): Promise<number> {
  const closed = new AbortController()
  const onClose = () => closed.abort(new Error('the connection was closed before the server answered'))
  stream.once('close', onClose)
  try {
    const [headers] = await once(stream, 'response', { signal: closed.signal })
    return Number(headers[':status'])
  } catch (error) {
    throw closed.signal.aborted ? closed.signal.reason : error
  } finally {
    stream.off('close', onClose)
  }
}

async function* bodyOf(
  stream: ClientHttp2Stream,
  server: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  stream.setEncoding('utf8')
  try {
    for await (const piece of stream) yield piece
    // A connection that closes ends its streams without an error, as if they were complete.
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error('the connection was closed in mid-answer')
  } catch (error) {
    signal?.throwIfAborted()
    throw connectionError(server, error)
  } finally {
    if (!stream.readableEnded) stream.close(constants.NGHTTP2_CANCEL)
  }
}
