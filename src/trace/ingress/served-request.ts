import type { SocketAddress } from '../../kernel/conntrack.ts'

/** What HAProxy says that it did with one request. */
export interface ServedRequest {
  readonly method: string
  /** As it is looked up: in small letters and without a port. */
  readonly host: string
  readonly path: string
  /** Elements of its maps that the request was routed by, in their order. */
  readonly lookups: readonly { readonly map: string; readonly key: string; readonly value: string }[]
  readonly backend: string
  /** The connection to a pod; absent if there was none. */
  readonly server?: { readonly name: string; readonly source: SocketAddress; readonly destination: SocketAddress }
  readonly status: number
  /** In milliseconds; absent what it did not come to. */
  readonly timers: Partial<Record<'request' | 'queue' | 'connect' | 'response' | 'data' | 'total', number>>
  readonly retries: number
  /** Its termination state: two letters, who ended it and when; `--` if it was over. */
  readonly end: string
  readonly tls?: { readonly version: string; readonly cipher: string; readonly sni?: string }
}

/** Has HAProxy tell of the request that a client is about to make. Undefined if none runs. */
export type WatchRequest = (client: SocketAddress) => Promise<RequestWatch | undefined>

export interface RequestWatch {
  /** Undefined if it says nothing of one. */
  told(): Promise<ServedRequest | undefined>
  end(): Promise<void>
}

/** A program at which connections end, and which makes others in their stead. */
export interface Relay {
  /** From which it connects. */
  readonly address: string
  readonly watch: WatchRequest
}
