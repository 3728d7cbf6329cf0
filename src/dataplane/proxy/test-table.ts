import { elementTexts, parseListing } from '../../kernel/nft-table-listing.ts'
import type { Nft } from '../../kernel/nft.ts'
import { tableName } from './base-rules.ts'
import type { Element } from './compile.ts'

/**
 * What the proxy put into its table for Services, as `set key : value`, sorted: neither the clients that rules remember,
 * nor what comes and goes with chains.
 */
export async function heldElements(nft: Nft): Promise<string[]> {
  const listing = parseListing((await nft.listTable(tableName)) ?? '')
  return [...listing.elements.keys()]
    .filter((set) => !/^(affinity|shapes)/.test(set))
    .flatMap((set) => elementTexts(listing, set).map((element) => `${set} ${element}`))
    .sort()
}

/** The same of what was compiled. */
export function asHeld(elements: readonly Element[]): string[] {
  return elements.map(({ set, key, value }) => `${set} ${key}${value === undefined ? '' : ` : ${value}`}`).sort()
}
