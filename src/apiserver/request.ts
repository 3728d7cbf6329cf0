import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'

/**
 * Requests and answers as the API machinery sees them, free of any socket: the HTTP server and the in-process
 * transport both speak to `Handler`.
 */
export type Handler = (request: ApiRequest) => Promise<ApiResponse>

export interface ApiRequest {
  readonly method: string
  /** Decoded nowhere: as it came, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** The `Accept` header; '' if absent. */
  readonly accept: string
  /** The `Content-Type` header; '' if absent. */
  readonly contentType: string
  /** The `User-Agent` header. */
  readonly userAgent?: string
  readonly body: string
  /** The body where its type is Kubernetes' protobuf and it is not empty; `body` is then ''. */
  readonly protobuf?: Uint8Array
  readonly user: User
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal
  /** The request as it came over HTTP, for a proxy to pass on; `body` is then ''. Only on paths of proxies. */
  readonly raw?: RawRequest
}

export interface RawRequest {
  /** Path and query. */
  readonly url: string
  /** Names in lower case; HTTP/2's pseudo-headers are among them. */
  readonly headers: IncomingHttpHeaders
  readonly remoteAddress: string
  /** Unread; undefined if the request has none. */
  readonly body: Readable | undefined
}

/** Who asks, as authentication found. */
export interface User {
  readonly name: string
  readonly groups: readonly string[]
  readonly uid?: string
  /** What else is known, by keys such as `authentication.kubernetes.io/pod-name`. */
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

export interface ApiResponse {
  readonly status: number
  readonly contentType: string
  /** Further headers, names in lower case. They come before what the server would say itself. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Texts for `Warning: 299 - "…"` headers (RFC 9111 §5.5), shown by kubectl. */
  readonly warnings?: readonly string[]
  readonly body: string | Uint8Array | LongText | Pump
}

/** A text that is made while it is being read, since as a whole it would take much memory. */
export interface LongText {
  /** Tens of kilobytes each. */
  pieces(): Iterable<string>
}

/** A body that goes on: pushes pieces until it has no more or the signal aborts. */
export type Pump = (write: Write, signal: AbortSignal) => Promise<void>

/**
 * Takes the next piece of a body. Resolves when the client has read enough for more to make sense, or has gone: whoever
 * can wait should. Who cannot, such as a watch, need not; a client that is far behind then is given up.
 */
export type Write = (chunk: string | Uint8Array) => void | Promise<void>

export function json(body: unknown, status = 200, warnings: readonly string[] = []): ApiResponse {
  return { status, contentType: 'application/json', body: JSON.stringify(body), ...(warnings.length > 0 && { warnings }) }
}

export function text(body: string, status = 200): ApiResponse {
  return { status, contentType: 'text/plain; charset=utf-8', body }
}
