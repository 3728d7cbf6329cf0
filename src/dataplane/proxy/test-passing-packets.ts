import { parseListing, type TableListing } from '../../kernel/nft-table-listing.ts'
import type { Nft } from '../../kernel/nft.ts'
import { tableName } from './base-rules.ts'
import { maxEndpoints } from './code.ts'

/** Endpoints by `set frontend`; undefined in the place of one that would be looked up in vain. */
export type Reached = ReadonlyMap<string, readonly (string | undefined)[]>

/** What `services` and `outside` say, by `set frontend`. */
export type Codes = ReadonlyMap<string, string>

/** The proxy's table, to be looked into. */
export async function tableIn(nft: Nft): Promise<TableListing> {
  return parseListing((await nft.listTable(tableName)) ?? '')
}

/**
 * Where the rules lead packets that look a frontend up in one state of the table, and an endpoint in another that comes
 * after it, or is the same. Clients that affinity remembers are not looked at.
 */
export function reached(found: TableListing, then: TableListing): Reached {
  return new Map([...codesIn(found)].map(([frontend, code]) => [frontend, endpointsOf({ frontend: frontend.replace(/^\w+ /, ''), code }, then)]))
}

/** Frontends that lead nowhere are left out. */
export function codesIn({ elements }: TableListing): Codes {
  const of = (set: string) => [...(elements.get(set) ?? [])].map(([frontend, code = 'none']) => [`${set} ${frontend}`, code] as const)
  return new Map(['services', 'outside'].flatMap(of).filter(([, code]) => code !== 'none'))
}

function endpointsOf({ frontend, code }: { frontend: string; code: string }, { elements }: TableListing): (string | undefined)[] {
  const [high = 0, low = 0] = code.split(':').map((half) => Number.parseInt(half, 16))
  if (high < 0x8000) {
    const endpoints = low & maxEndpoints.pick
    return Array.from({ length: endpoints }, (_, index) => elements.get(`slots-${endpoints}`)?.get(`${code} . ${index}`))
  }
  const endpoints = low & maxEndpoints.sticky
  const scope = high >= 0xc000 ? '-outside' : ''
  const ids = elements.get(`sticky-slots${scope}-${endpoints}`)
  const choices = elements.get(`sticky-choices${scope}`)
  return Array.from({ length: endpoints }, (_, index) => choices?.get(`${frontend} . ${ids?.get(`${frontend} . ${index}`)}`))
}
