/** What the kernel says of one packet in one chain, as `nft monitor trace` writes it. */
export type TraceEvent = Visited & (Seen | Matched | Decided)

interface Visited {
  /** Of a packet, for as long as it is in one network namespace; others may get the same later. */
  readonly id: string
  readonly family: string
  readonly table: string
  readonly chain: string
}

/** The packet as it is when it comes to the first rule of a chain that a hook leads to. */
interface Seen {
  readonly event: 'packet'
  readonly packet: Packet
}

/** All of the rule applies to it. */
interface Matched {
  readonly event: 'rule'
  readonly rule: string
  /** `accept`, `drop`, `continue`, `goto pick-3`, … */
  readonly verdict: string
}

/** A chain has no rule left, or the packet is sent back from it. */
interface Decided {
  readonly event: 'policy' | 'verdict'
  readonly verdict: string
}

export interface Packet {
  /** The device it came by; absent if it was made here. */
  readonly iif?: string
  /** The device it is to leave by, once that is known. */
  readonly oif?: string
  readonly source: string
  readonly destination: string
  /** Zero for what has none. */
  readonly sourcePort: number
  readonly destinationPort: number
  /** Of TCP, in the order of their bits: `syn`, `syn ack`, `rst ack`. */
  readonly flags: string
}

/** The events in a text of nft 1.0; a line that was not written to its end is left out. */
export function traceEvents(text: string): readonly TraceEvent[] {
  return text.split('\n').slice(0, -1).flatMap((line) => traceEvent(line) ?? [])
}

function traceEvent(line: string): TraceEvent | undefined {
  const [, id = '', family = '', table = '', chain = '', event = '', rest = ''] =
    /^trace id (\S+) (\S+) (\S+) (\S+) (packet:|rule|policy|verdict) (.*?) *$/.exec(line) ?? []
  const where = { id, family, table, chain }
  switch (event) {
    case 'packet:':
      return { ...where, event: 'packet', packet: packetIn(rest) }
    case 'rule': {
      const [, rule = rest, verdict = 'continue'] = /^(.*) \(verdict (.+)\)$/.exec(rest) ?? []
      return { ...where, event, rule, verdict }
    }
    case 'policy':
    case 'verdict':
      return { ...where, event, verdict: rest }
    default:
      return undefined
  }
}

function packetIn(text: string): Packet {
  const [, iif] = /(?:^| )iif "([^"]+)"/.exec(text) ?? []
  const [, oif] = /(?:^| )oif "([^"]+)"/.exec(text) ?? []
  const word = (name: string) => new RegExp(`(?:^| )${name} (?:== )?(\\S+)`).exec(text)?.[1] ?? ''
  return {
    ...(iif === undefined ? {} : { iif }),
    ...(oif === undefined ? {} : { oif }),
    source: word('ip saddr'),
    destination: word('ip daddr'),
    sourcePort: Number(word('(?:tcp|udp) sport')),
    destinationPort: Number(word('(?:tcp|udp) dport')),
    flags: flagsOf(word('tcp flags')),
  }
}

const flagNames = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg'] as const

/** nft has names for single flags, and writes several of them as a number. */
function flagsOf(text: string): string {
  if (!text.startsWith('0x')) return text.replaceAll(',', ' ')
  const bits = Number(text)
  return flagNames.filter((_, bit) => (bits & (1 << bit)) !== 0).join(' ')
}
