import { describe, expect, test } from 'vitest'
import { beginningOf, nextDueMs } from './schedule.ts'

const startedAt = new Date('2026-01-01T00:00:00Z')
const started = 5_000

/** Of a container that started at 5 s of the monotonic clock. */
function begin(nowMs: number, isResumed: boolean, initialDelayMs = 0) {
  const inputs = { startedAt, initialDelayMs, periodMs: 10_000, isResumed }
  return beginningOf(inputs, { date: new Date(startedAt.getTime() + nowMs - started), monotonicMs: nowMs })
}

describe('the first probe', () => {
  for (const { name, nowMs, isResumed = false, initialDelayMs = 0, firstMs, dueMs = firstMs } of [
    { name: 'comes at once', nowMs: 5_000, firstMs: 5_000 },
    { name: 'comes after the initial delay', nowMs: 5_000, initialDelayMs: 3_000, firstMs: 8_000 },
    { name: 'comes at once if it is a little late, and the period counts from when it was due', nowMs: 5_040, firstMs: 5_040, dueMs: 5_000 },
    { name: 'comes at once if it is very late, and the period counts from now', nowMs: 60_000, firstMs: 60_000 },
    { name: 'of a restarted agent comes when the next would have come', nowMs: 27_000, isResumed: true, firstMs: 35_000 },
    { name: '… also within the initial delay', nowMs: 6_000, isResumed: true, initialDelayMs: 3_000, firstMs: 8_000 },
    { name: '… and at its very moment', nowMs: 25_000, isResumed: true, firstMs: 25_000 },
  ]) {
    test(name, () => expect(begin(nowMs, isResumed, initialDelayMs)).toEqual({ firstMs, dueMs }))
  }
})

describe('the probe after one that was due at 5 s', () => {
  for (const { name, nowMs, nextMs } of [
    { name: 'is due a period later, whatever that one took', nowMs: 12_000, nextMs: 15_000 },
    { name: 'is overdue when that one took longer than a period', nowMs: 16_000, nextMs: 15_000 },
    { name: 'makes up for one only', nowMs: 48_000, nextMs: 45_000 },
  ]) {
    test(name, () => expect(nextDueMs(5_000, 10_000, nowMs)).toBe(nextMs))
  }
})
