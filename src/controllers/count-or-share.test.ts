import { expect, test } from 'vitest'
import { countOf } from './count-or-share.ts'

test.each([
  { value: undefined, total: 10, up: 0, down: 0 },
  { value: 3, total: 10, up: 3, down: 3 },
  { value: '25%', total: 10, up: 3, down: 2 },
  { value: '100%', total: 7, up: 7, down: 7 },
  { value: '1%', total: 3, up: 1, down: 0 },
  { value: '1%', total: 0, up: 0, down: 0 },
  { value: 'many', total: 3, up: 0, down: 0 },
])('$value of $total', ({ value, total, up, down }) => {
  expect([countOf(value, total, 'up'), countOf(value, total, 'down')]).toEqual([up, down])
})
