import { describe, expect, test } from 'vitest'
import { ManualClock } from '../base/manual-clock.ts'
import { parseResourcePath } from './request-info.ts'
import { isLongRunning, RequestSlots, timeoutMsOf, within } from './request-limits.ts'
import { UnreadBytes } from './unread-bytes.ts'

describe('?timeout=', () => {
  for (const [text, ms] of [
    ['', 60_000],
    ['0', 60_000],
    ['0s', 60_000],
    ['5s', 5000],
    ['+1.5s', 1500],
    ['.5s', 500],
    ['1m30s', 60_000],
    ['250ms', 250],
    ['1s500ms', 1500],
    ['100us', 0.1],
    ['2h', 60_000],
  ] as const) {
    test(`${JSON.stringify(text)} is ${ms} ms`, () => {
      expect(timeoutMsOf(new URLSearchParams({ timeout: text }), 60_000)).toBe(ms)
    })
  }

  test('below zero is over at once', () => {
    expect(timeoutMsOf(new URLSearchParams({ timeout: '-5s' }), 60_000)).toBeLessThan(1)
  })

  for (const [text, problem] of [
    ['5', 'missing unit in duration "5"'],
    ['1m5', 'missing unit in duration "1m5"'],
    ['soon', 'invalid duration "soon"'],
    ['-', 'invalid duration "-"'],
    ['1s ', 'invalid duration "1s "'],
    ['5parsecs', 'invalid duration "5parsecs"'],
  ] as const) {
    test(`${JSON.stringify(text)} is refused`, () => {
      expect(() => timeoutMsOf(new URLSearchParams({ timeout: text }), 60_000)).toThrow(
        `invalid timeout specified in the request URL - time: ${problem}`,
      )
    })
  }
})

describe('requests that go on', () => {
  const pod = '/api/v1/namespaces/default/pods/a'
  for (const [method, url, goesOn] of [
    ['GET', '/api/v1/pods?watch=1', true],
    ['GET', `${pod}/log?follow=1`, true],
    ['POST', `${pod}/exec`, true],
    ['GET', `${pod}/proxy/x`, true],
    ['GET', '/api/v1/pods', false],
    ['GET', pod, false],
    ['POST', '/api/v1/namespaces/default/pods?watch=1', false],
    ['GET', '/metrics', false],
  ] as const) {
    test(`${method} ${url}: ${goesOn}`, () => {
      const [path = '', search = ''] = url.split('?')
      expect(isLongRunning({ method, query: new URLSearchParams(search) }, parseResourcePath(path))).toBe(goesOn)
    })
  }
})

test('slots are given back once', () => {
  const slots = new RequestSlots()
  const user = { name: 'ada', groups: [] }
  const leave = Array.from({ length: 600 }, () => slots.take(user))
  expect(() => slots.take(user)).toThrow('Too many requests, please try again later.')
  slots.take({ name: 'admin', groups: ['system:masters'] })()
  leave[0]?.()
  leave[0]?.()
  slots.take(user)
  expect(() => slots.take(user)).toThrow('Too many requests')
})

test('work that takes too long is given up, and told of as such', async () => {
  const clock = new ManualClock()
  const late = within(new Promise<never>(() => {}), 100, clock)
  const inTime = within(Promise.resolve('done'), 100, clock)
  expect(await inTime).toBe('done')
  clock.advance(100)
  await expect(late).rejects.toMatchObject({ code: 504, reason: 'Timeout' })
  await expect(within(Promise.reject(new Error('failed')), 100, clock)).rejects.toThrow('failed')
})

test('who has much unread is to blame when all together have too much', () => {
  const unread = new UnreadBytes(100, 10)
  const [slow, quick, small] = [unread.add(), unread.add(), unread.add()]
  slow.count(95)
  small.count(5)
  expect([slow, quick, small].map((each) => each.isTooMuch())).toEqual([false, false, false])
  small.count(6)
  expect([slow, quick, small].map((each) => each.isTooMuch())).toEqual([true, false, false])
  slow.count(0)
  expect(slow.isTooMuch()).toBe(false)
  small.count(101)
  expect(small.isTooMuch()).toBe(true)
})
