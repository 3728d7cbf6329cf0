import { expect, test } from 'vitest'
import { numberIn, readFrontendCode } from '../../kernel/frontend-code.ts'
import { classid, dropCode, maxEndpoints, maxPools, pickCode, pickMask, poolIn, stickyCode } from './code.ts'

const isSticky = (code: string) => numberIn(code) >= 2 ** 31
const masked = (code: string) => (BigInt(numberIn(code)) & BigInt(numberIn(pickMask))).toString()

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
      expect(readFrontendCode(code)).toEqual({ isSticky: false, endpoints })
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
  expect(readFrontendCode(stickyCode(3, { seconds: 86_400, scope: 'outside' }))).toEqual({ isSticky: true, endpoints: 3 })
  expect(readFrontendCode(dropCode)).toEqual({ isSticky: false, endpoints: 0 })
  expect(codes.filter((code) => Number(masked(code)) <= maxEndpoints.pick)).toEqual([])
  expect(masked(dropCode)).toBe('0')
})
