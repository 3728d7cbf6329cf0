import { expect, test } from 'vitest'
import { ManualClock } from './manual-clock.ts'
import { TokenBucket } from './token-bucket.ts'

test('gives out its burst at once, then one after each time, and never more than the burst', () => {
  const clock = new ManualClock()
  const bucket = new TokenBucket({ clock, burst: 2, refillMs: 100 })
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 100])
  clock.advance(60)
  expect(bucket.take()).toBe(40)
  clock.advance(40)
  expect([bucket.take(), bucket.take()]).toEqual([0, 100])
  clock.advance(10_000)
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 100])
})
