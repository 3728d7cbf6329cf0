import type { SocketAddress } from '../../kernel/conntrack.ts'
import type { Target } from '../target.ts'
import type { Resolver } from './resolver.ts'

/**
 * What is said between `portolan trace` and the program that makes the connection in another network namespace, as
 * lines of JSON. It is told an `Order`, reports `asked` and `bound`, and then waits for the line `go`, so that the
 * connection can be looked out for. If it is to ask for a path, it reports `connected` and waits for another `go`, so that
 * it can be seen where the connection came to. It reports `done`, and holds the connection until its input ends.
 */
export interface Order {
  readonly target: Target
  /** Where names are asked for; only addresses can be connected to unless it is given. */
  readonly resolver?: Resolver
  /** Connected to in place of asking for the host. */
  readonly address?: string
  readonly timeoutMs: number
}

export type Report =
  | { readonly report: 'asked'; readonly questions: readonly Question[] }
  | { readonly report: 'bound'; readonly source: SocketAddress; readonly destination: SocketAddress }
  | { readonly report: 'connected' }
  | { readonly report: 'done'; readonly outcome: Outcome }

/** One question to DNS, for an A record. */
export interface Question {
  readonly name: string
  readonly server: string
  readonly ms: number
  /** In the order in which they came. */
  readonly addresses: readonly string[]
  /** What the name stands for, if it is an alias. */
  readonly alias?: string
  /** In Node.js' words: ENOTFOUND, ENODATA, ETIMEOUT, …; absent if there was an address. */
  readonly error?: string
}

export interface Outcome {
  /**
   * `answered`: data came back. `connected`: a TCP connection was made. `unanswered`: a datagram was sent, and neither
   * an answer nor a refusal came. `no address`: there was nothing to connect to.
   */
  readonly result: 'answered' | 'connected' | 'unanswered' | 'refused' | 'timeout' | 'unreachable' | 'no address'
  /** From the call to when the connection was made, or failed. */
  readonly connectMs?: number
  /** From then, or of a datagram from when it was sent, to the first byte of the answer. */
  readonly answerMs?: number
  /** `HTTP 200 OK`, or how much came back. */
  readonly answer?: string
  /** The first line of the body. */
  readonly body?: string
  /** Present if TLS was agreed upon. */
  readonly tls?: AgreedTls
  /** The error of the system: ECONNREFUSED, …; after the connection was made, why no answer came. */
  readonly code?: string
}

/** What a client and a server of TLS have come to. */
export interface AgreedTls {
  /** From when the connection was made. */
  readonly ms: number
  readonly version: string
  readonly cipher: string
  /** The name that was asked for; absent for addresses, which are no names. */
  readonly sni?: string
  readonly certificate: ShownCertificate
}

export interface ShownCertificate {
  /** The common name, or what else the subject has. */
  readonly subject: string
  /** Names and addresses that it is for. */
  readonly names: readonly string[]
  readonly issuer: string
  /** ISO 8601. */
  readonly validTo: string
  /** SHA-256, as node:crypto prints it. */
  readonly fingerprint: string
}
