import { expect, test } from 'vitest'
import { Lingering } from './lingering.ts'

const slot = (value: string) => ({ set: 'slots-1', key: '10.96.0.10 . tcp . 80 . 0', value })
const [a, b] = [slot('10.108.1.2 . 8080'), slot('10.108.1.3 . 8080')]
const service = { set: 'services', key: '10.96.0.10 . tcp . 80', value: '0x00000001' }
const gone = (before: typeof a) => ({ before, after: undefined })
const come = (after: typeof a) => ({ before: undefined, after })

test('what leads to endpoints goes at once, endpoints stay until a second call', () => {
  const lingering = new Lingering()
  expect(lingering.withhold([gone(service), gone(a)])).toEqual([gone(service)])
  expect(lingering.take()).toEqual([])
  expect(lingering.isEmpty).toBe(false)
  expect(lingering.take()).toEqual([gone(a)])
  expect(lingering.isEmpty).toBe(true)
})

test('an element that comes back is not removed, and added only if its value is another', () => {
  const lingering = new Lingering()
  lingering.withhold([gone(a)])
  expect(lingering.withhold([come(a)])).toEqual([])
  expect(lingering.isEmpty).toBe(true)
  lingering.withhold([gone(a)])
  lingering.take()
  expect(lingering.withhold([come(b)])).toEqual([{ before: a, after: b }])
  expect(lingering.isEmpty).toBe(true)
})

test('another value of what is there is no removal', () => {
  const lingering = new Lingering()
  expect(lingering.withhold([{ before: a, after: b }])).toEqual([{ before: a, after: b }])
  expect(lingering.isEmpty).toBe(true)
})
