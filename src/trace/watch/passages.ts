import type { Flow, Match, Passage } from './sighting.ts'
import { chains } from './table.ts'
import type { Packet, TraceEvent } from './trace-text.ts'

/** The way of each packet, of all that was said in one network namespace, in the order in which they came. Pure. */
export function passagesIn(events: readonly TraceEvent[], table: string): readonly Passage[] {
  const all: TraceEvent[][] = []
  const current = new Map<string, TraceEvent[]>()
  for (const event of events) {
    const known = current.get(event.id)
    if (known !== undefined && !isFirst(event, table)) {
      known.push(event)
    } else {
      const begun = [event]
      current.set(event.id, begun)
      all.push(begun)
    }
  }
  return all.flatMap((each) => passageOf(each, table) ?? [])
}

/** Tracing is switched on in these chains, so that a packet is first told of there. Ids are used again. */
function isFirst({ event, table, chain }: TraceEvent, own: string): boolean {
  return event === 'packet' && table === own && (chain === chains.original || chain === chains.reply)
}

function passageOf(events: readonly TraceEvent[], own: string): Passage | undefined {
  const packets = events.flatMap((event) => (event.event === 'packet' ? [event.packet] : []))
  const [first, last] = [packets[0], packets.at(-1)]
  if (first === undefined || last === undefined) return undefined
  const visited = (chain: string) => events.some((event) => event.table === own && event.chain === chain)
  const matches = events.flatMap((event) => (event.event === 'rule' && event.table !== own ? [matchOf(event)] : []))
  return {
    direction: visited(chains.original) ? 'original' : 'reply',
    ...(first.iif === undefined ? {} : { iif: first.iif }),
    ...(last.oif === undefined ? {} : { oif: last.oif }),
    came: flowOf(first),
    went: flowOf(last),
    flags: first.flags,
    matches,
    end: endOf(events, visited),
  }
}

function endOf(events: readonly TraceEvent[], visited: (chain: string) => boolean): Passage['end'] {
  if (events.some((event) => event.event !== 'packet' && event.verdict === 'drop')) return 'dropped'
  if (visited(chains.left)) return 'left'
  return visited(chains.delivered) ? 'delivered' : 'lost'
}

function matchOf({ table, chain, rule, verdict }: Extract<TraceEvent, { event: 'rule' }>): Match {
  return { table, chain, rule, verdict }
}

function flowOf({ source, sourcePort, destination, destinationPort }: Packet): Flow {
  return { source: { address: source, port: sourcePort }, destination: { address: destination, port: destinationPort } }
}
