import { expect, test } from 'vitest'
import { firstThree, timeSince } from './columns.ts'
import { humanDuration } from './human-duration.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

for (const [ms, text] of [
  [-2 * second, '<invalid>'],
  [-1500, '0s'],
  [-999, '0s'],
  [0, '0s'],
  [59 * second, '59s'],
  [119 * second, '119s'],
  [2 * minute, '2m'],
  [2 * minute + 30 * second, '2m30s'],
  [9 * minute + 59 * second, '9m59s'],
  [10 * minute + 59 * second, '10m'],
  [3 * hour - second, '179m'],
  [3 * hour, '3h'],
  [3 * hour + 5 * minute, '3h5m'],
  [8 * hour + 5 * minute, '8h'],
  [47 * hour, '47h'],
  [2 * day, '2d'],
  [5 * day + 3 * hour, '5d3h'],
  [8 * day + 3 * hour, '8d'],
  [2 * year - day, '729d'],
  [2 * year, '2y'],
  [3 * year + 12 * day, '3y12d'],
  [9 * year + 12 * day, '9y'],
] as const) {
  test(`${ms} ms is ${text}`, () => expect(humanDuration(ms)).toBe(text))
}

test('the time since nothing is unknown', () => {
  const now = new Date('2026-01-01T00:01:00Z')
  expect(timeSince(undefined, now)).toBe('<unknown>')
  expect(timeSince('2026-01-01T00:00:18Z', now)).toBe('42s')
})

test('a long list names three and counts the rest', () => {
  expect(firstThree([])).toBe('')
  expect(firstThree(['a', 'b', 'c'])).toBe('a,b,c')
  expect(firstThree(['a', 'b', 'c', 'd', 'e'])).toBe('a,b,c + 2 more...')
})
