import { expect, test } from 'vitest'
import { maxPools, pickCode } from './code.ts'
import { Pools } from './pools.ts'

const [a, b, c] = ['10.108.1.2 . 8080', '10.108.1.3 . 8080', '10.108.1.4 . 8080'] as const

function enter(pools: Pools, content: string) {
  const pool = pools.enter(content)
  if (pool === undefined) throw new Error('there is no number left')
  return pool
}

test('the same endpoints have one number as long as somebody leads to them', () => {
  const pools = new Pools()
  const first = enter(pools, a)
  expect(enter(pools, a)).toBe(first)
  pools.leave(first)
  for (let time = 0; time < 3; time += 1) pools.packetsHavePassed()
  expect(enter(pools, a)).toBe(first)
  expect(enter(pools, b).number).not.toBe(first.number)
})

test('a number is given to other endpoints when packets have passed twice since it was left', () => {
  const pools = new Pools()
  const { number } = enter(pools, a)
  pools.packetsHavePassed()
  pools.leave(enter(pools, b))
  const left = enter(pools, a)
  pools.leave(left)
  pools.leave(left)
  const taken = (content: string) => enter(pools, content).number
  expect(taken('1')).not.toBe(number)
  pools.packetsHavePassed()
  expect(taken('2')).not.toBe(number)
  pools.packetsHavePassed()
  expect([taken('3'), taken('4')]).toContain(number)
})

test('a pool that comes back before that is the same', () => {
  const pools = new Pools()
  const pool = enter(pools, a)
  for (let time = 0; time < 3; time += 1) {
    pools.leave(pool)
    pools.packetsHavePassed()
    expect(enter(pools, a)).toBe(pool)
  }
  for (let time = 0; time < 3; time += 1) pools.packetsHavePassed()
  expect(enter(pools, b).number).not.toBe(pool.number)
})

test('when all numbers are taken there are no more, until one is free again', () => {
  const pools = new Pools()
  const all = Array.from({ length: maxPools - 1 }, (_, index) => enter(pools, `${index}`))
  expect(new Set(all.map(({ number }) => number)).size).toBe(maxPools - 1)
  expect(Math.min(...all.slice(0, 10).map(({ number }) => number))).toBe(1)
  expect(all.some(({ number }) => number >= maxPools)).toBe(false)
  expect(pools.enter(a)).toBeUndefined()
  for (const pool of all.slice(7, 8)) pools.leave(pool)
  for (let time = 0; time < 2; time += 1) pools.packetsHavePassed()
  expect(enter(pools, a).number).toBe(all[7]?.number)
  expect(pools.enter(b)).toBeUndefined()
})

test('pools of an earlier life keep their numbers, and others get none of theirs for now', () => {
  const slots1 = new Map([[`${pickCode(3, 1)} . 0`, a]])
  const slots2 = new Map([
    [`${pickCode(40_000, 2)} . 1`, b],
    [`${pickCode(40_000, 2)} . 0`, a],
    [`${pickCode(5, 2)} . 1`, c], // the other has gone already
  ])
  const pools = new Pools()
  pools.adopt([slots1, slots2])
  expect(enter(pools, `${a},${b}`).number).toBe(40_000)
  const others = Array.from({ length: 100 }, (_, index) => enter(pools, `${index}`).number)
  expect(new Set([...others, 3, 5, 40_000]).size).toBe(103)
  expect(enter(pools, a).number).toBe(3)
})

test('what nobody leads to any more in a new life is free after packets have passed', () => {
  const pools = new Pools()
  pools.adopt([new Map([[`${pickCode(1, 1)} . 0`, a], [`${pickCode(2, 1)} . 0`, a]])])
  const kept = enter(pools, a).number
  let names = 0
  const taken = () => enter(pools, `${(names += 1)}`).number
  expect([1, 2]).toContain(kept)
  expect(taken()).toBe(3)
  for (let time = 0; time < 2; time += 1) pools.packetsHavePassed()
  expect(taken()).toBe(3 - kept)
})
