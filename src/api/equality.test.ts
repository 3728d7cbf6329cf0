import { expect, test } from 'vitest'
import { semanticallyEqual } from './equality.ts'

for (const [a, b, equal] of [
  [{ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 }, true],
  [{ a: {}, b: [], c: null }, {}, true],
  [undefined, {}, true],
  [{ a: 0 }, {}, false],
  [{ a: false }, {}, false],
  [{ a: '' }, {}, false],
  [[1, 2], [2, 1], false],
  [[{}], [], false],
  [{ a: [1] }, { a: { 0: 1 } }, false],
  ['1', 1, false],
] as const) {
  test(`${JSON.stringify(a)} ${equal ? 'is' : 'is not'} ${JSON.stringify(b)}`, () => {
    expect(semanticallyEqual(a, b)).toBe(equal)
    expect(semanticallyEqual(b, a)).toBe(equal)
  })
}
