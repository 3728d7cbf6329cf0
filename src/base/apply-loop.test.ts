import { expect, onTestFinished, test } from 'vitest'
import { ApplyLoop, type Applying } from './apply-loop.ts'
import { atRest } from './at-rest.ts'
import { ManualClock } from './manual-clock.ts'

/** A loop whose calls end when the test says so; `begun` counts them. */
function world(overrides: Partial<Applying> = {}) {
  const clock = new ManualClock()
  const state = { begun: 0, watched: 0, ended: 0, failures: [] as [unknown, number][] }
  const calls: PromiseWithResolvers<number | undefined>[] = []
  const loop = new ApplyLoop({
    what: 'the test',
    clock,
    ready: Promise.resolve(),
    begin: () => {
      state.watched += 1
      return async () => void (state.ended += 1)
    },
    apply: () => {
      const call = Promise.withResolvers<number | undefined>()
      state.begun += 1
      calls.push(call)
      return call.promise
    },
    failed: (error, retryInMs) => state.failures.push([error, retryInMs]),
    ...overrides,
  })
  onTestFinished(async () => {
    for (const call of calls) call.resolve(undefined)
    await loop.stop()
  })
  return { loop, clock, state, calls }
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  await atRest()
  return (await Promise.race([promise.then(() => 'done'), Promise.resolve('pending')])) === 'pending'
}

test('nothing is applied before all is ready, and then once without being woken', async () => {
  const ready = Promise.withResolvers<void>()
  const { state } = world({ ready: ready.promise })
  await atRest()
  expect(state).toMatchObject({ begun: 0, watched: 0 })
  ready.resolve()
  await atRest()
  expect(state).toMatchObject({ begun: 1, watched: 1 })
})

test('what comes during a call is applied once after it, and only then is everything settled', async () => {
  const { loop, state, calls } = world()
  await atRest()
  loop.wake()
  loop.wake()
  const settled = loop.settled()
  await atRest()
  expect(state.begun).toBe(1)
  calls[0]?.resolve(undefined)
  expect(await isPending(settled)).toBe(true)
  expect(state.begun).toBe(2)
  calls[1]?.resolve(undefined)
  await settled
  await atRest()
  expect(state.begun).toBe(2)
})

test('a failure is told, and tried again after a pause that grows and starts small again after a success', async () => {
  const { loop, clock, state, calls } = world()
  const error = new Error('refused')
  for (const [index, pauseMs] of [100, 200, 400].entries()) {
    await atRest()
    calls[index]?.reject(error)
    await atRest()
    expect(state.failures[index]).toEqual([error, pauseMs])
    clock.advance(pauseMs - 1)
    await atRest()
    expect(state.begun).toBe(index + 1)
    clock.advance(1)
  }
  await atRest()
  calls[3]?.resolve(undefined)
  await loop.settled()
  loop.wake()
  await atRest()
  calls[4]?.reject(error)
  await atRest()
  expect(state.failures[3]).toEqual([error, 100])
})

test('a call that asks for another one gets it after that time, and is not at rest before', async () => {
  const { loop, clock, state, calls } = world()
  await atRest()
  calls[0]?.resolve(500)
  const settled = loop.settled()
  expect(await isPending(settled)).toBe(true)
  clock.advance(499)
  await atRest()
  expect(state.begun).toBe(1)
  clock.advance(1)
  await atRest()
  expect(state.begun).toBe(2)
  calls[1]?.resolve(undefined)
  await settled
})

test('of calls that are asked for only the last one comes, and none once it is stopped', async () => {
  const { loop, clock, state, calls } = world()
  await atRest()
  calls[0]?.resolve(500)
  await atRest()
  loop.wake()
  await atRest()
  calls[1]?.resolve(800)
  await atRest()
  clock.advance(799)
  await atRest()
  expect(state.begun).toBe(2)
  expect(clock.nextTimerMs).toBe(1)
  await loop.stop()
  expect(clock.nextTimerMs).toBeUndefined()
})

test('stop waits for the call under way and for what watches, and tells those who wait', async () => {
  const { loop, state, calls } = world()
  await atRest()
  loop.wake()
  const settled = loop.settled().catch((error: Error) => error.message)
  const stopped = loop.stop()
  expect(await isPending(stopped)).toBe(true)
  expect(state.ended).toBe(0)
  calls[0]?.resolve(undefined)
  await stopped
  expect(state.ended).toBe(1)
  expect(await settled).toBe('the test was stopped')
  await expect(loop.settled()).rejects.toThrow('the test was stopped')
})

test('stopped before it was ready, it has watched nothing', async () => {
  const { loop, state } = world({ ready: new Promise(() => {}) })
  await loop.stop()
  expect(state).toMatchObject({ begun: 0, watched: 0, ended: 0 })
})

test('stop does not wait for a pause to end', async () => {
  const { loop, state, calls } = world()
  await atRest()
  calls[0]?.reject(new Error('refused'))
  await atRest()
  await loop.stop()
  expect(state).toMatchObject({ begun: 1, ended: 1 })
})

test('a call that gives up because it is stopped has not failed', async () => {
  const apply = (signal: AbortSignal) => new Promise<undefined>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  const { loop, state } = world({ apply })
  await atRest()
  await loop.stop()
  expect(state).toMatchObject({ failures: [], ended: 1 })
})
