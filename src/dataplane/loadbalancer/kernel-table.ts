import type { Log } from '../../base/log.ts'
import { bySetThenKey, changeOperations, diffElements, elementOperations, type SetElement } from '../../kernel/nft-elements.ts'
import { parseListing } from '../../kernel/nft-table-listing.ts'
import type { Nft, NftOperation } from '../../kernel/nft.ts'
import { sets, tableName } from './base-rules.ts'

export interface KernelTableDeps {
  readonly nft: Nft
  readonly log: Log
  /** The table without its elements. */
  readonly rules: string
}

/**
 * The load balancer's table as the kernel was last told it. Sends differences; at first, and when it is not known what
 * the kernel has, the whole table, in one transaction. Nothing is lost by that: which node a connection belongs to is not
 * in the table.
 */
export class KernelTable {
  readonly #deps: KernelTableDeps
  /** Undefined when it is not known what the kernel has. */
  #applied: readonly SetElement[] | undefined

  constructor(deps: KernelTableDeps) {
    this.#deps = deps
  }

  /** Rejects with `NftError`; the next call makes up for it. */
  async apply(elements: readonly SetElement[]): Promise<void> {
    const applied = this.#applied
    const operations = applied === undefined ? this.#replacement(elements) : changeOperations(tableName, diffElements(applied, elements))
    if (operations.length === 0) return
    this.#applied = undefined
    await this.#deps.nft.transaction(operations)
    this.#applied = elements
    if (applied === undefined) this.#deps.log.info({ elements: elements.length }, 'loaded the whole table')
  }

  /** Looks whether the kernel has what it was told; if somebody else has changed it, the next `apply` loads it anew. */
  async inspect(): Promise<'as told' | 'changed'> {
    const applied = this.#applied
    if (applied === undefined) return 'as told' // nobody has been told anything
    const { nft, rules, log } = this.#deps
    const [listing, canonical] = [(await nft.listTable(tableName)) ?? '', await nft.canonical(rules)]
    const [held, wanted] = [parseListing(listing), parseListing(canonical)]
    const isSame = textOf(elementsIn(held.elements)) === textOf(applied) && isEqual(held.skeleton, wanted.skeleton)
    if (isSame || this.#applied !== applied) return 'as told'
    log.warn({}, 'somebody else changed the table: it is loaded again')
    this.#applied = undefined
    return 'changed'
  }

  #replacement(elements: readonly SetElement[]): readonly NftOperation[] {
    return [
      { op: 'load', text: `table inet ${tableName} {\n}` }, // deleting one that is not there would fail
      { op: 'delete-table', table: tableName },
      { op: 'load', text: this.#deps.rules },
      ...elementOperations('add-elements', tableName, elements),
    ]
  }
}

/** Of the sets that are filled from the API. */
function elementsIn(listed: ReadonlyMap<string, ReadonlyMap<string, string | undefined>>): readonly SetElement[] {
  return Object.values(sets)
    .flatMap((set) => [...(listed.get(set) ?? [])].map(([key, value]) => (value === undefined ? { set, key } : { set, key, value })))
    .sort(bySetThenKey)
}

function textOf(elements: readonly SetElement[]): string {
  return JSON.stringify(elements.map(({ set, key, value }) => [set, key, value]))
}

function isEqual(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([name, body]) => b.get(name) === body)
}
