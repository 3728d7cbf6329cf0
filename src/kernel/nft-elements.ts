import type { NftElement, NftOperation } from './nft.ts'

/** An element of one of the sets and maps of a table, written as the kernel lists it. */
export interface SetElement extends NftElement {
  readonly set: string
}

/** What becomes of one key of one set: it comes (no `before`), goes (no `after`), or gets another value. */
export interface ElementChange<T extends SetElement = SetElement> {
  readonly before: T | undefined
  readonly after: T | undefined
}

export function bySetThenKey(a: SetElement, b: SetElement): number {
  return compare(a.set, b.set) || compare(a.key, b.key)
}

/** The difference between two lists that are sorted by set and key, in one pass over both. Pure. */
export function diffElements<T extends SetElement>(last: readonly T[], next: readonly T[]): ElementChange<T>[] {
  const changes: ElementChange<T>[] = []
  let [i, j] = [0, 0]
  while (i < last.length || j < next.length) {
    const [old, wanted] = [last[i], next[j]]
    const order = old === undefined ? 1 : wanted === undefined ? -1 : bySetThenKey(old, wanted)
    if (order < 0) changes.push({ before: old, after: undefined })
    if (order > 0) changes.push({ before: undefined, after: wanted })
    if (order === 0 && old?.value !== wanted?.value) changes.push({ before: old, after: wanted })
    if (order <= 0) i += 1
    if (order >= 0) j += 1
  }
  return changes
}

/** Deletions first, because keys may come back. */
export function changeOperations(table: string, changes: readonly ElementChange[]): NftOperation[] {
  const removed = changes.map(({ before }) => before).filter((element) => element !== undefined)
  const added = changes.map(({ after }) => after).filter((element) => element !== undefined)
  return [...elementOperations('delete-elements', table, removed), ...elementOperations('add-elements', table, added)]
}

/** One operation for each set. */
export function elementOperations(
  op: 'add-elements' | 'delete-elements',
  table: string,
  elements: readonly SetElement[],
): NftOperation[] {
  const sets = Map.groupBy(elements, ({ set }) => set)
  return [...sets].map(([set, ofSet]) => ({ op, table, set, elements: ofSet }))
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
