import { elementTexts, parseListing } from '../../kernel/nft-table-listing.ts'
import type { Nft } from '../../kernel/nft.ts'
import { tableName } from './base-rules.ts'
import { poolIn } from './code.ts'
import type { Element } from './compile.ts'
import type { NumberOfPool } from './translation.ts'

/**
 * What the proxy put into its table for Services, as `set key : value`, sorted: neither the clients that rules remember,
 * nor what comes and goes with chains.
 */
export async function heldElements(nft: Nft): Promise<string[]> {
  const listing = parseListing((await nft.listTable(tableName)) ?? '')
  return [...listing.elements.keys()]
    .filter((set) => !/^(affinity|picks|stickies)/.test(set))
    .flatMap((set) => elementTexts(listing, set).map((element) => `${set} ${element}`))
    .sort()
}

/** The same of what was compiled. */
export function asHeld(elements: readonly Element[]): string[] {
  return elements.map(({ set, key, value }) => `${set} ${key}${value === undefined ? '' : ` : ${value}`}`).sort()
}

/** Numbers pools in the order in which they are asked for, from 1. */
export function numbering(): NumberOfPool {
  const numbers = new Map<string, number>()
  return (content) => {
    const number = numbers.get(content) ?? numbers.size + 1
    numbers.set(content, number)
    return number
  }
}

/** The same elements with the endpoints of each pool in the place of its number: whatever that is, it must lead there. */
export function withoutNumbers(held: readonly string[]): string[] {
  const pools = new Map<number, string[]>()
  for (const [, code = '', endpoint = ''] of held.map((element) => slot.exec(element) ?? []).filter(({ length }) => length > 0)) {
    pools.set(poolIn(code), [...(pools.get(poolIn(code)) ?? []), endpoint])
  }
  const nameOf = (code: string) => `[${(pools.get(poolIn(code)) ?? []).sort().join(', ')}]`
  return held
    .map((element) => element.replace(slot, (whole, code: string) => whole.replace(code, nameOf(code))))
    .map((element) => element.replace(dispatch, (whole, code: string) => whole.replace(code, nameOf(code))))
    .sort()
}

const slot = /^slots-\d+ (\S+) \. (\d+ : .*)$/
/** Of a pick, not of affinity, whose codes have the highest bit. */
const dispatch = /^(?:services|outside) .* : ([0-7]?[0-9a-f]{1,3}:[0-9a-f]+)$/
