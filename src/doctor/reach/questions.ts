/** What to try from one place of the network, and what came of it; JSON, because the place is another process. */
export interface Questions {
  readonly connections: readonly Destination[]
  /** Asked of `dnsServer`, fully qualified. */
  readonly names: readonly string[]
  readonly dnsServer: string
  readonly timeoutMs: number
}

export interface Destination {
  readonly protocol: 'TCP' | 'UDP'
  readonly address: string
  readonly port: number
}

/**
 * `open`: a connection was made. `unanswered`: a datagram was sent and nobody refused it, which is all that can be known
 * of UDP. `refused`: reset, or told that the port is unreachable. `timeout`: nothing came back.
 */
export type Outcome = 'open' | 'unanswered' | 'refused' | 'timeout' | 'unreachable'

export interface NameAnswer {
  readonly name: string
  /** IPv4 addresses, sorted. Empty if there are none. */
  readonly addresses: readonly string[]
  /** What CNAME record there is. */
  readonly alias?: string
  /** In Node.js' words: ENOTFOUND, ETIMEOUT, …; absent if there was an answer. */
  readonly error?: string
}

export interface Answers {
  readonly connections: readonly (Destination & { readonly outcome: Outcome })[]
  readonly names: readonly NameAnswer[]
}
