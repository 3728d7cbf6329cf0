/** What to try from one place of the network, and what came of it; JSON, because the place is another process. */
export interface Questions {
  readonly connections: readonly Destination[]
  /** Asked of `dnsServer`, fully qualified. */
  readonly names: readonly string[]
  readonly requests: readonly Request[]
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

/** A GET of HTTP, to an address that is not what the name of the host says. */
export interface Request {
  readonly scheme: 'http' | 'https'
  readonly address: string
  readonly port: number
  readonly host: string
  readonly path: string
}

export interface RequestAnswer extends Request {
  /** Absent if there was no answer. */
  readonly status?: number
  /** The beginning of the body. */
  readonly body?: string
  /** SHA-256 of the certificate that was shown, as node:crypto prints it. */
  readonly fingerprint?: string
  /** ECONNREFUSED, …, or what was wrong with the answer. */
  readonly error?: string
  /** Whether anybody took the connection. */
  readonly isConnected: boolean
}

export interface Answers {
  readonly connections: readonly (Destination & { readonly outcome: Outcome })[]
  readonly names: readonly NameAnswer[]
  readonly requests: readonly RequestAnswer[]
}
