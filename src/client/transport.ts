/**
 * How requests reach the API server: HTTP/2 over TLS for agents and edge, a direct call inside the server process.
 * Implementations throw `ConnectionError` when no answer was had.
 */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path and query, e.g. `/api/v1/pods?limit=500`. */
  readonly path: string
  readonly contentType?: string
  readonly body?: string
  readonly signal?: AbortSignal
}

export interface TransportResponse {
  readonly status: number
  /** Pieces of UTF-8 text; a watch yields for as long as it lasts. Pieces need not end at line ends. */
  readonly body: AsyncIterable<string>
}
