import { Channel } from './channel.ts'
import type { Transport, TransportResponse } from './transport.ts'

/** A server in the same process: takes a request without a socket and pushes or returns the answer. */
export type InProcessServer = (request: {
  method: string
  path: string
  query: URLSearchParams
  contentType: string
  body: string
  signal: AbortSignal
}) => Promise<{
  status: number
  body:
    | string
    | Uint8Array
    | { pieces(): Iterable<string> }
    | ((write: (chunk: string | Uint8Array) => void, signal: AbortSignal) => Promise<void>)
}>

/** Requests to a server in the same process: no TLS, no HTTP, no copy of a body. */
export function inProcessTransport(serve: InProcessServer): Transport {
  return async ({ method, path, contentType = 'application/json', body = '', signal }) => {
    const [pathname = '', search = ''] = path.split('?', 2)
    const ended = signal ?? new AbortController().signal
    const query = new URLSearchParams(search)
    const answer = await serve({ method, path: pathname, query, contentType, body, signal: ended })
    return { status: answer.status, body: iterate(answer.body, ended) } satisfies TransportResponse
  }
}

type Body = Awaited<ReturnType<InProcessServer>>['body']

async function* iterate(body: Body, signal: AbortSignal): AsyncGenerator<string> {
  if (typeof body === 'object' && 'pieces' in body) {
    yield* body.pieces()
    return
  }
  if (typeof body !== 'function') {
    yield typeof body === 'string' ? body : new TextDecoder().decode(body)
    return
  }
  // An abort of ours tells the pump that the reader has left, whatever the caller's signal says.
  const left = new AbortController()
  const pieces = new Channel<string>()
  const text = new TextDecoder()
  const write = (chunk: string | Uint8Array) =>
    pieces.push(typeof chunk === 'string' ? chunk : text.decode(chunk, { stream: true }))
  void body(write, AbortSignal.any([signal, left.signal])).then(
    () => pieces.end(),
    (error: unknown) => pieces.fail(error),
  )
  try {
    yield* pieces
  } finally {
    left.abort()
  }
}
