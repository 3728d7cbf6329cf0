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
  readonly body: string
  readonly user: User
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal
}

/** Who asks, as authentication found. */
export interface User {
  readonly name: string
  readonly groups: readonly string[]
}

export interface ApiResponse {
  readonly status: number
  readonly contentType: string
  /** Texts for `Warning: 299 - "…"` headers (RFC 9111 §5.5), shown by kubectl. */
  readonly warnings?: readonly string[]
  readonly body: string | Uint8Array | Pump
}

/**
 * A body that goes on: pushes pieces until it has no more or the signal aborts. `write` never blocks; whoever
 * owns the socket gives up on a client that does not read.
 */
export type Pump = (write: (chunk: string | Uint8Array) => void, signal: AbortSignal) => Promise<void>

export function json(body: unknown, status = 200, warnings: readonly string[] = []): ApiResponse {
  return { status, contentType: 'application/json', body: JSON.stringify(body), ...(warnings.length > 0 && { warnings }) }
}

export function text(body: string, status = 200): ApiResponse {
  return { status, contentType: 'text/plain; charset=utf-8', body }
}
