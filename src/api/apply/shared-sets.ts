import { Lru } from '../../base/lru.ts'
import { sorted, type FieldSet } from './field-set.ts'

/** Objects made from one template have equal sets: thousands of pods then share a few of them. */
const bySource = new Lru<FieldSet>(1000)
const shared = new WeakSet<FieldSet>()
const maxLength = 16 * 1024

/** The set in upstream's order; equal sets that have been asked for lately are one instance. */
export function sharedSet(unsorted: FieldSet): FieldSet {
  if (shared.has(unsorted)) return unsorted
  // They come in one order as a rule, by which they are found without being sorted.
  const source = JSON.stringify(unsorted)
  const known = bySource.get(source)
  if (known !== undefined) return known
  const set = sorted(unsorted)
  if (source.length > maxLength) return set
  const sortedSource = JSON.stringify(set)
  const same = bySource.get(sortedSource) ?? set
  shared.add(same)
  bySource.set(source, same)
  bySource.set(sortedSource, same)
  return same
}
