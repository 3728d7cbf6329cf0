import http2 from 'node:http2'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import { decode, encode, type Decoded, type Encodable, type MessageType } from './codec.ts'
import { FrameReader, frame } from './grpc-frame.ts'
import { statusOf } from './grpc-status.ts'
import { PushQueue } from './push-queue.ts'
import { RuntimeError } from './runtime.ts'
import type { Method } from './services.ts'

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** The call is given up after this; no limit when absent. */
  readonly timeoutMs?: number | undefined
}

export interface GrpcPeer {
  /** Opens a connection. Called for the first call, and after the peer went away. */
  connect(): Duplex
  /** As the peer is to be told, such as `10.108.1.7:9090`; `localhost` if absent. */
  readonly authority?: string
  readonly userAgent?: string
}

/** The peer that listens on a unix socket. */
export function unixPeer(path: string): GrpcPeer {
  return { connect: () => net.connect(path) }
}

/**
 * A gRPC client: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, unary and server
 * streaming calls, no compression, no TLS. Connects with the first call, and again with the first one after the peer went away.
 * Failures are `RuntimeError`s: the peer's status, or UNAVAILABLE (not connected, or broken off), DEADLINE_EXCEEDED,
 * CANCELLED (by the signal or by `close`).
 */
export class GrpcClient {
  readonly #peer: GrpcPeer
  #session: http2.ClientHttp2Session | undefined
  #closed = false

  constructor(peer: GrpcPeer) {
    this.#peer = peer
  }

  async unary<Q extends MessageType, R extends MessageType>(
    method: Method<Q, R>,
    request: Encodable<Q>,
    options: CallOptions = {},
  ): Promise<Decoded<R>> {
    const messages: Decoded<R>[] = []
    for await (const message of this.serverStream(method, request, options)) messages.push(message)
    const [message] = messages
    if (message === undefined) throw new RuntimeError('INTERNAL', `${method.path}: answer without a message`)
    return message
  }

  /** Messages as they come. Leaving the loop cancels the call. */
  async *serverStream<Q extends MessageType, R extends MessageType>(
    method: Method<Q, R>,
    request: Encodable<Q>,
    { signal, timeoutMs }: CallOptions = {},
  ): AsyncGenerator<Decoded<R>> {
    const answers = new PushQueue<Decoded<R>>()
    const stream = this.#open(method.path, timeoutMs)
    receive(stream, (bytes) => answers.push(decode(method.response, bytes)), (end) => {
      if (end === undefined) answers.close()
      else answers.fail(end)
    })
    const cancel = (code: string, message: string) => {
      answers.fail(new RuntimeError(code, message))
      stream.close(http2.constants.NGHTTP2_CANCEL)
    }
    const onAbort = () => cancel('CANCELLED', `${method.path}: aborted`)
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(cancel, timeoutMs, 'DEADLINE_EXCEEDED', `${method.path}: no answer within ${timeoutMs} ms`)
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted === true) onAbort()
    else stream.end(frame(encode(method.request, request)))
    try {
      yield* answers
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      if (!stream.closed) stream.close(http2.constants.NGHTTP2_CANCEL)
    }
  }

  /** Breaks off open calls; later ones are refused. */
  close(): void {
    this.#closed = true
    this.#session?.destroy(new RuntimeError('CANCELLED', 'client closed'))
    this.#session = undefined
  }

  #open(path: string, timeoutMs: number | undefined): http2.ClientHttp2Stream {
    if (this.#closed) throw new RuntimeError('CANCELLED', 'client closed')
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) this.#session = this.#connect()
    const { authority = 'localhost', userAgent } = this.#peer
    return this.#session.request({
      ':method': 'POST',
      ':path': path,
      ':authority': authority,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...(userAgent === undefined ? {} : { 'user-agent': userAgent }),
      // At most eight digits, says the protocol; milliseconds reach beyond a day.
      ...(timeoutMs === undefined ? {} : { 'grpc-timeout': `${Math.min(Math.ceil(timeoutMs), 99_999_999)}m` }),
    })
  }

  #connect(): http2.ClientHttp2Session {
    const session = http2.connect('http://localhost', { createConnection: () => this.#peer.connect() })
    const forget = () => {
      if (this.#session === session) this.#session = undefined
    }
    // Every open call gets the error as its own: nothing is left to do with it here.
    session.on('error', forget)
    session.on('goaway', forget)
    session.on('close', forget)
    return session
  }
}

/** Feeds what comes on a call to `onMessage`, then calls `onEnd` once, with the error unless the status was OK. */
function receive(
  stream: http2.ClientHttp2Stream,
  onMessage: (bytes: Uint8Array) => void,
  onEnd: (error: RuntimeError | undefined) => void,
): void {
  const frames = new FrameReader()
  let broken: Error | undefined
  let status: ReturnType<typeof statusOf>
  stream.on('response', (headers) => {
    status = statusOf(headers)
  })
  stream.on('trailers', (trailers) => {
    status = statusOf(trailers)
  })
  stream.on('data', (chunk: Uint8Array) => {
    try {
      for (const bytes of frames.push(chunk)) onMessage(bytes)
    } catch (error) {
      broken = new RuntimeError('INTERNAL', `unreadable answer: ${String(error)}`)
      stream.close(http2.constants.NGHTTP2_PROTOCOL_ERROR)
    }
  })
  stream.on('error', (error) => {
    broken ??= error
  })
  stream.on('close', () => {
    if (broken instanceof RuntimeError) onEnd(broken)
    else if (status === undefined) onEnd(new RuntimeError('UNAVAILABLE', reasonOf(broken)))
    else onEnd(status.code === 'OK' ? undefined : new RuntimeError(status.code, status.message))
  })
}

function reasonOf(error: Error | undefined): string {
  if (error === undefined) return 'connection closed before the answer was complete'
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
