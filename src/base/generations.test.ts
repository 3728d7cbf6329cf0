import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Generations } from './generations.ts'

test('what is asked for stays, what is not goes', () => {
  const map = new Generations<number>({ entries: 10, weight: 1000 })
  map.set('asked', 1, 1)
  map.set('forgotten', 2, 1)
  for (let index = 0; index < 100; index += 1) {
    map.set(`other-${index}`, index, 1)
    expect(map.get('asked')).toBe(1)
  }
  expect(map.get('forgotten')).toBeUndefined()
})

test('heavy entries make room for themselves', () => {
  const map = new Generations<string>({ entries: 1000, weight: 100 })
  for (let index = 0; index < 50; index += 1) map.set(`key-${index}`, 'x', 30)
  expect(map.size).toBeLessThanOrEqual(6)
  expect(map.get('key-49')).toBe('x')
})

test('holds what was set last or nothing, and never more than its bounds', () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 20 }), value: fc.option(fc.integer()), weight: fc.integer({ min: 0, max: 5 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = new Generations<number>({ entries: 4, weight: 10 })
      const last = new Map<string, number>()
      for (const { key, value, weight } of steps) {
        if (value === null) map.delete(`${key}`)
        else map.set(`${key}`, value, weight)
        if (value === null) last.delete(`${key}`)
        else last.set(`${key}`, value)
        // What was set just now is there; others may be gone, but are never what they were before.
        expect(map.get(`${key}`)).toBe(last.get(`${key}`))
        for (let other = 0; other <= 20; other += 1) {
          expect([undefined, last.get(`${other}`)]).toContain(map.get(`${other}`))
        }
        expect(map.size).toBeLessThanOrEqual(8)
      }
    }),
  )
})
