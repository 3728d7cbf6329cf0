import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { SortedEntries } from './sorted-entries.ts'
import type { Entry } from './store.ts'

function entry(key: string): Entry {
  return { key, value: '', createRevision: 1, modRevision: 1 }
}

/** Far more keys than fit into one chunk, in an order that is neither rising nor falling. */
const manyKeys = Array.from({ length: 5000 }, (_, index) => `/${index % 7}/${(index * 2654435761) % 4294967296}`)

test('keeps many keys in order through inserts, replacements and removals', () => {
  const sorted = new SortedEntries()
  for (const key of manyKeys) sorted.set(entry(key))
  for (const key of manyKeys.slice(0, 100)) sorted.set(entry(key))
  expect(sorted.range('').entries.map(({ key }) => key)).toEqual(manyKeys.toSorted())
  for (const key of manyKeys.slice(1000)) sorted.delete(key)
  expect(sorted.range('').entries.map(({ key }) => key)).toEqual(manyKeys.slice(0, 1000).toSorted())
  for (const key of manyKeys) sorted.delete(key)
  expect([sorted.size, sorted.range('').entries]).toEqual([0, []])
  sorted.set(entry('/again'))
  expect(sorted.range('/').entries).toHaveLength(1)
})

test('takes its first entries in any order', () => {
  const sorted = new SortedEntries(manyKeys.map(entry))
  expect(sorted.range('').entries.map(({ key }) => key)).toEqual(manyKeys.toSorted())
  expect(sorted.get(manyKeys[7] ?? '')).toEqual(entry(manyKeys[7] ?? ''))
})

test('gives any range of any prefix', () => {
  const sorted = new SortedEntries(manyKeys.map(entry))
  const ordered = manyKeys.toSorted()
  const anyPrefix = fc.constantFrom('', '/', '/0/', '/3/', '/3/1', '/6/', '/9/')
  const anyKey = fc.constantFrom('', '/', '/3/9', '/9', ...manyKeys.slice(0, 50))
  fc.assert(
    fc.property(anyPrefix, anyKey, fc.nat(1200), (prefix, after, limit) => {
      const expected = ordered.filter((key) => key.startsWith(prefix) && key > after)
      const { entries, remaining } = sorted.range(prefix, { after, limit })
      expect(entries.map(({ key }) => key)).toEqual(expected.slice(0, limit))
      expect(remaining).toBe(Math.max(0, expected.length - limit))
    }),
  )
})
