import { parseElements } from '../../kernel/nft-listing.ts'
import type { Nft } from '../../kernel/nft.ts'
import { tableName } from './base-rules.ts'
import type { Element } from './compile.ts'

/** What the proxy put into its table, as `set key : value`, sorted: not the clients that rules remember. */
export async function heldElements(nft: Nft): Promise<string[]> {
  const listing = (await nft.listTable(tableName)) ?? ''
  const sets = [...listing.matchAll(/^\t(?:set|map) (\S+) \{\n(.*?)^\t\}$/gms)]
  return sets
    .filter(([, name = '']) => !name.startsWith('affinity'))
    .flatMap(([, name = '', body = '']) => parseElements(body).map((element) => `${name} ${element}`))
    .sort()
}

/** The same of what was compiled. */
export function asHeld(elements: readonly Element[]): string[] {
  return elements.map(({ set, key, value }) => `${set} ${key}${value === undefined ? '' : ` : ${value}`}`).sort()
}
