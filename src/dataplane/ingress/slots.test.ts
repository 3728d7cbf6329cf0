import { expect, test } from 'vitest'
import { assign, emptySlots, slotCount } from './slots.ts'

test.for([[0, 4], [4, 4], [5, 8], [8, 8], [9, 16], [100, 128]])('%i endpoints have %i servers', ([endpoints = 0, count]) => {
  expect(slotCount(endpoints)).toBe(count)
})

test('who stays keeps his place, and others get places that were free before, so that they are there before who goes is gone', () => {
  const first = assign(emptySlots(4), ['a', 'b', 'c']) ?? []
  expect(first).toEqual(['a', 'b', 'c', undefined])
  const second = assign(first, ['c', 'd']) ?? []
  expect(second).toEqual([undefined, undefined, 'c', 'd'])
  expect(assign(second, ['c', 'd', 'e', 'f'])).toEqual(['e', 'f', 'c', 'd'])
  expect(assign(['a', 'b'], ['c'])).toEqual(['c', undefined])
  expect(assign(second, ['1', '2', '3', '4', '5'])).toBeUndefined()
})
