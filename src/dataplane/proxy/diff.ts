import { bySetThenKey, type Element } from './compile.ts'

/** What becomes of one key of one set: it comes (no `before`), goes (no `after`), or gets another value. */
export interface Change<T extends Element = Element> {
  readonly before: T | undefined
  readonly after: T | undefined
}

/** The difference between two results of `compileElements` or `compileClaims`, in one pass over both. Pure. */
export function diff<T extends Element>(last: readonly T[], next: readonly T[]): Change<T>[] {
  const changes: Change<T>[] = []
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
