import { expect, test } from 'vitest'
import { ManualClock } from './manual-clock.ts'
import { TokenBucket } from './token-bucket.ts'

test('gives out its burst at once, then a place in the row, one after each time, and never more than the burst', () => {
  const clock = new ManualClock()
  const bucket = new TokenBucket({ clock, burst: 2, refillMs: 100 })
  expect([bucket.take(), bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 100, 200])
  clock.advance(60)
  expect(bucket.take()).toBe(240)
  clock.advance(340)
  expect([bucket.take(), bucket.take()]).toEqual([0, 100])
  clock.advance(10_000)
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 100])
})
