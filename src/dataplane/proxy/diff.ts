import { bySetThenKey, type Element } from './compile.ts'

/** What leads from one set of elements to another. A new value is the old element removed and the new one added. */
export interface Change {
  readonly removed: readonly Element[]
  readonly added: readonly Element[]
}

/** The difference between two results of `compileElements`, in one pass over both. Pure. */
export function diff(last: readonly Element[], next: readonly Element[]): Change {
  const removed: Element[] = []
  const added: Element[] = []
  let [i, j] = [0, 0]
  while (i < last.length || j < next.length) {
    const [old, wanted] = [last[i], next[j]]
    const order = old === undefined ? 1 : wanted === undefined ? -1 : bySetThenKey(old, wanted)
    if (order < 0 && old !== undefined) removed.push(old)
    if (order > 0 && wanted !== undefined) added.push(wanted)
    if (order === 0 && old !== undefined && wanted !== undefined && old.value !== wanted.value) {
      removed.push(old)
      added.push(wanted)
    }
    if (order <= 0) i += 1
    if (order >= 0) j += 1
  }
  return { removed, added }
}
