import { expect, test } from 'vitest'
import { classid, dropCode, maxEndpoints, maxPools, pickCode, pickMask, poolIn, stickyCode } from './code.ts'

function numberOf(code: string): number {
  const [high = '0', low = '0'] = code === 'none' ? [] : code.split(':')
  return Number.parseInt(high, 16) * 2 ** 16 + Number.parseInt(low, 16)
}

const isSticky = (code: string) => numberOf(code) >= 2 ** 31
const masked = (code: string) => (BigInt(numberOf(code)) & BigInt(numberOf(pickMask))).toString()

test.each([
  [0, 'none'],
  [1, '0:1'],
  [0x1_0000, '1:0'],
  [0x7fff_ffff, '7fff:ffff'],
  [0xc007_8001, 'c007:8001'],
])('%i is written as nft lists it: %s', (number, text) => {
  expect(classid(number)).toBe(text)
})

test('codes of pools lead to the chain for the number of endpoints, and to the pool', () => {
  for (const pool of [1, 2, 4, 40_000, maxPools - 1]) {
    for (const endpoints of [1, 2, 255, maxEndpoints.pick]) {
      const code = pickCode(pool, endpoints)
      expect([isSticky(code), poolIn(code), masked(code)]).toEqual([false, pool, `${endpoints}`])
    }
  }
})

test('codes with affinity are all different, and none is taken for one of a pool', () => {
  const codes = [1, 2, maxEndpoints.sticky].flatMap((endpoints) =>
    [1, 2, 10_800, 86_400].flatMap((seconds) =>
      (['everywhere', 'outside'] as const).map((scope) => stickyCode(endpoints, { seconds, scope })),
    ),
  )
  expect(new Set(codes).size).toBe(codes.length)
  expect(codes.every(isSticky)).toBe(true)
  expect(codes.filter((code) => Number(masked(code)) <= maxEndpoints.pick)).toEqual([])
  expect(masked(dropCode)).toBe('0')
})
