/**
 * The connection tracking table of one network namespace. An entry keeps its address translation for as long as it
 * lives, whatever the rules have become; UDP entries live on as long as the client sends, so they must be forgotten
 * when where they lead to is gone.
 */
export interface Conntrack {
  /** Where the entries of a protocol lead, each pair once. */
  list(protocol: TrackedProtocol, family: TrackedFamily): Promise<readonly TrackedFlow[]>
  /** Forgets every client's entry with one of these pairs. A pair without entries is no error. */
  forget(flows: readonly TrackedFlow[]): Promise<void>
}

export type TrackedProtocol = 'tcp' | 'udp' | 'sctp'
export type TrackedFamily = 'ipv4' | 'ipv6'

export interface TrackedFlow {
  readonly protocol: TrackedProtocol
  /** The destination that the client named. */
  readonly destination: SocketAddress
  /** Who answers it: the same as the destination unless it is translated. */
  readonly answeredBy: SocketAddress
}

export interface SocketAddress {
  readonly address: string
  readonly port: number
}

export class ConntrackError extends Error {
  override readonly name = 'ConntrackError'
}

/** Equal for equal flows. */
export function flowKey({ protocol, destination, answeredBy }: TrackedFlow): string {
  return `${protocol} ${destination.address} ${destination.port} ${answeredBy.address} ${answeredBy.port}`
}
