import type { TableListing } from '../../kernel/nft-table-listing.ts'
import type { Match, Sighting } from '../watch/sighting.ts'

/** A rule that applied to a packet. */
export interface Applied {
  readonly match: Match
  readonly sighting: Sighting
  readonly protocol: 'tcp' | 'udp'
  /** Of the table, as they are after the connection was made. */
  readonly elements: TableListing['elements']
}

/** `10.96.0.10 . tcp . 80`: the key by which destinations are looked up. */
export function frontendKey({ sighting, protocol }: Applied): string {
  const { address, port } = sighting.came.destination
  return `${address} . ${protocol} . ${port}`
}

/** An element as nft lists it. If it is not there any more, its key is what is known. */
export function element({ elements }: Applied, set: string, key: string): string {
  const held = elements.get(set)
  if (held?.has(key) !== true) return `${set}: ${key} (no longer there)`
  const value = held.get(key)
  return `${set}: ${key}${value === undefined ? '' : ` : ${value}`}`
}

/** The set or map whose name begins so, of those that a rule looks into. */
export function setIn({ rule }: Match, prefix: string): string | undefined {
  return [...rule.matchAll(/@(\S+)/g)].map(([, name = '']) => name).find((name) => name.startsWith(prefix))
}
