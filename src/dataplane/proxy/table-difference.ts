import type { TableListing } from '../../kernel/nft-table-listing.ts'
import { bySetThenKey, type Element } from './compile.ts'
import { diff, type Change } from './diff.ts'
import { familiesOf, type ClusterRange } from './family.ts'
import { setsOf, shapeOf, type Shape } from './shape.ts'
import { baseElements, shapeElements } from './transactions.ts'

/**
 * From the elements that the kernel lists to those of Services, and what is there beside them. Clients that rules
 * remember are left as they are.
 */
export function difference(listing: TableListing, ofServices: readonly Element[], ranges: readonly ClusterRange[]): Change[] {
  const madeByRules = new Set(ranges.map(({ family }) => setsOf(family).affinity))
  const held = [...listing.elements].filter(([set]) => !madeByRules.has(set)).flatMap(([set, ofSet]) => elementsOf(set, ofSet))
  const wanted = [...ofServices, ...baseElements(ranges), ...shapeElements(shapesIn(listing, ranges))]
  return diff(held.sort(bySetThenKey), wanted.sort(bySetThenKey))
}

/** The shapes whose chains are in the table. */
export function shapesIn({ skeleton }: TableListing, ranges: readonly ClusterRange[]): Shape[] {
  const families = familiesOf(ranges)
  const chains = [...skeleton.keys()].filter((block) => block.startsWith('chain ')).map((block) => block.slice('chain '.length))
  return chains.map((chain) => shapeOf(chain, families)).filter((shape) => shape !== undefined)
}

/** Whether two tables are the same but for their elements. */
export function isEqual(a: TableListing['skeleton'], b: TableListing['skeleton']): boolean {
  return a.size === b.size && [...a].every(([name, body]) => b.get(name) === body)
}

function elementsOf(set: string, held: ReadonlyMap<string, string | undefined>): Element[] {
  return [...held].map(([key, value]) => (value === undefined ? { set, key } : { set, key, value }))
}
