import { expect, test } from 'vitest'
import { ManualClock } from '../../base/manual-clock.ts'
import { FailedPodBackoff } from './failed-pod-backoff.ts'

const minute = 60_000

function start() {
  const clock = new ManualClock()
  const backoff = new FailedPodBackoff(clock)
  const wait = (hash = 'a', node = 'node-1') => backoff.waitMs('default/agent', hash, node)
  const replace = (hash = 'a') => backoff.replaced('default/agent', hash, 'node-1')
  return { clock, backoff, wait, replace }
}

test('the first is replaced at once, the others ever later, up to a quarter of an hour', () => {
  const { clock, wait, replace } = start()
  const waits: number[] = []
  for (let round = 0; round < 12; round += 1) {
    waits.push(wait())
    clock.advance(wait())
    replace()
  }
  const seconds = waits.map((ms) => ms / 1000)
  expect(seconds).toEqual([0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900])
})

test('another node, another template and a long time without failure begin anew', () => {
  const { clock, backoff, wait, replace } = start()
  replace()
  clock.advance(1_000)
  replace()
  expect([wait(), wait('a', 'node-2')]).toEqual([2_000, 0])
  clock.advance(31 * minute)
  replace()
  expect(wait()).toBe(1_000)
  expect(wait('b')).toBe(0)
  replace('b')
  expect(wait('b')).toBe(1_000)
  backoff.forget('default/agent')
  expect(wait('b')).toBe(0)
})
