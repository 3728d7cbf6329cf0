import type { SortedEntries } from './sorted-entries.ts'
import { KeyExists, Stale, type Entry, type StoreEvent } from './store.ts'

export type Write =
  | { readonly type: 'create'; readonly key: string; readonly value: string }
  | { readonly type: 'update'; readonly key: string; readonly value: string; readonly expected: number }
  | { readonly type: 'delete'; readonly key: string; readonly expected: number }

/** What becomes of a write if its batch can be committed. */
export type Verdict = StoreEvent | KeyExists | Stale

/**
 * Judges writes that are to be committed together, each after the ones before it, against the live entries.
 * Changes nothing. Accepted writes take the revisions after `revision`, without gaps.
 */
export function judgeWrites(live: SortedEntries, revision: number, writes: readonly Write[]): Verdict[] {
  const changed = new Map<string, Entry | undefined>()
  let next = revision + 1
  return writes.map((write) => {
    const { key } = write
    const current = changed.has(key) ? changed.get(key) : live.get(key)
    const verdict = judge(write, current, next)
    if (verdict instanceof Error) return verdict
    changed.set(key, verdict.type === 'put' ? verdict.entry : undefined)
    next += 1
    return verdict
  })
}

function judge(write: Write, current: Entry | undefined, revision: number): Verdict {
  const { key } = write
  if (write.type === 'create') {
    if (current !== undefined) return new KeyExists(key)
    const entry = { key, value: write.value, createRevision: revision, modRevision: revision }
    return { type: 'put', revision, entry, previous: undefined }
  }
  if (current?.modRevision !== write.expected) return new Stale(key, current)
  if (write.type === 'delete') return { type: 'delete', revision, previous: current }
  const entry = { key, value: write.value, createRevision: current.createRevision, modRevision: revision }
  return { type: 'put', revision, entry, previous: current }
}
