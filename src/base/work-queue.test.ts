import { expect, test } from 'vitest'
import { ManualClock } from './manual-clock.ts'
import { WorkQueue } from './work-queue.ts'

function open(priorityOf?: (key: string) => number) {
  const clock = new ManualClock()
  return { clock, queue: new WorkQueue({ clock, ...(priorityOf === undefined ? {} : { priorityOf }) }) }
}

/** Whether a promise is still unsettled after everything that was ready has run. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  const turn = new Promise((resolve) => setImmediate(resolve, pending))
  return (await Promise.race([promise, turn])) === pending
}

test('gives keys in order of arrival, each once', async () => {
  const { queue } = open()
  for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key)
  expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(['a', 'b', 'c'])
  expect(await isPending(queue.take())).toBe(true)
})

test('gives keys of higher priority first, as it was when they were added last', async () => {
  const priorities = new Map([['low', -1], ['high', 7], ['rising', -1]])
  const { queue } = open((key) => priorities.get(key) ?? 0)
  for (const key of ['rising', 'low', 'a', 'high', 'b']) queue.add(key)
  priorities.set('rising', 9)
  queue.add('rising')
  const taken: (string | undefined)[] = []
  while (taken.length < 5) taken.push(await queue.take())
  expect(taken).toEqual(['rising', 'high', 'a', 'b', 'low'])
  expect(await isPending(queue.take())).toBe(true)
})

test('gives a key to a worker that is waiting', async () => {
  const { queue } = open()
  const taken = queue.take()
  queue.add('a')
  expect(await taken).toBe('a')
})

test('never gives a key twice at once, and again when it was added meanwhile', async () => {
  const { queue } = open()
  queue.add('a')
  await queue.take()
  queue.add('a')
  queue.add('a')
  const next = queue.take()
  expect(await isPending(next)).toBe(true)
  queue.done('a')
  expect(await next).toBe('a')
  queue.done('a')
  expect(await isPending(queue.take())).toBe(true)
})

test('backs off per key from 5 ms to 60 s, and forgets on success', async () => {
  const { clock, queue } = open()
  const delays: number[] = []
  queue.add('a')
  for (let round = 0; round < 16; round += 1) {
    expect(await queue.take()).toBe('a')
    delays.push(queue.failed('a'))
    clock.advance(60_000)
  }
  expect(delays.slice(0, 4)).toEqual([5, 10, 20, 40])
  expect(delays.slice(-2)).toEqual([60_000, 60_000])
  await queue.take()
  queue.done('a')
  queue.add('a')
  await queue.take()
  expect(queue.failed('a')).toBe(5)
})

test('the earliest of several delays counts', async () => {
  const { clock, queue } = open()
  queue.addAfter('a', 100)
  queue.addAfter('a', 10)
  queue.addAfter('a', 50)
  const taken = queue.take()
  clock.advance(9)
  expect(await isPending(taken)).toBe(true)
  clock.advance(1)
  expect(await taken).toBe('a')
  queue.done('a')
  clock.advance(1000)
  expect(await isPending(queue.take())).toBe(true)
})

test('closing drops what waits and releases the workers', async () => {
  const { clock, queue } = open()
  const waiting = queue.take()
  queue.addAfter('a', 10)
  queue.close()
  queue.add('b')
  clock.advance(10)
  expect([await waiting, await queue.take()]).toEqual([undefined, undefined])
  expect(clock.nextTimerMs).toBeUndefined()
})
