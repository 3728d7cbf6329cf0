import type { SocketAddress } from '../../kernel/conntrack.ts'

/** A packet of the connection on its way through one network namespace. */
export interface Sighting extends Passage {
  /** `edge`, or the name of a node. */
  readonly place: string
  /** In microseconds since the first packet was first seen, by the kernel's clock. */
  readonly cameAt: number
  /** Absent if it went no further. */
  readonly wentAt?: number
}

/** What the kernel says of it, but for the time. */
export interface Passage {
  readonly direction: 'original' | 'reply'
  /** The device it came by; absent if it was made here. */
  readonly iif?: string
  readonly oif?: string
  /** As it came, and as it was seen last. */
  readonly came: Flow
  readonly went: Flow
  /** Of TCP: `syn`, `syn ack`, `rst ack`. */
  readonly flags: string
  /** Rules of others' tables that applied to it, in this order. */
  readonly matches: readonly Match[]
  /** `lost`: the kernel did not pass it on, and no rule says why: it has no route, for instance. */
  readonly end: 'left' | 'delivered' | 'dropped' | 'lost'
}

export interface Flow {
  readonly source: SocketAddress
  readonly destination: SocketAddress
}

export interface Match {
  readonly table: string
  readonly chain: string
  /** As nft lists it. */
  readonly rule: string
  readonly verdict: string
}

/** Equal for equal flows. */
export function flowText({ source, destination }: Flow): string {
  return `${endText(source)} → ${endText(destination)}`
}

export function endText({ address, port }: SocketAddress): string {
  return `${address}:${port}`
}
