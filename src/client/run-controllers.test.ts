import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { StatusError } from '../api/errors.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { silentLog, type Log } from '../base/log.ts'
import type { Controller, Source } from './controller.ts'
import { runControllers } from './run-controllers.ts'

let clock: ManualClock
let ending: AbortController

beforeEach(() => {
  clock = new ManualClock()
  ending = new AbortController()
})

afterEach(() => ending.abort())

/** A source that the test wakes by hand. */
function source({ synced = Promise.resolve() }: { synced?: Promise<void> } = {}) {
  let wakes: ((key: string) => void)[] = []
  return {
    synced,
    subscribe(wake: (key: string) => void) {
      wakes.push(wake)
      return () => (wakes = wakes.filter((other) => other !== wake))
    },
    wake: (key: string) => wakes.forEach((wake) => wake(key)),
    get subscribers() {
      return wakes.length
    },
  } satisfies Source & Record<string, unknown>
}

function run(controller: Omit<Controller, 'name'>, log: Log = silentLog): Promise<void> {
  return runControllers([{ name: 'test', ...controller }], { log, clock, signal: ending.signal })
}

test('reconciles nothing before every source is synced', async () => {
  const { promise: synced, resolve } = Promise.withResolvers<void>()
  const [ready, late] = [source(), source({ synced })]
  const reconcile = vi.fn<Controller['reconcile']>(async () => {})
  void run({ wakesOn: [ready, late], reconcile })
  ready.wake('a')
  late.wake('b')
  await new Promise(setImmediate)
  expect(reconcile).not.toHaveBeenCalled()
  resolve()
  await expect.poll(() => reconcile.mock.calls.map(([key]) => key)).toEqual(['a', 'b'])
})

test('works on several keys at once, but never twice on one', async () => {
  const pods = source()
  const gates = new Map<string, PromiseWithResolvers<void>>()
  const started: string[] = []
  const reconcile = (key: string) => {
    started.push(key)
    const gate = Promise.withResolvers<void>()
    gates.set(key, gate)
    return gate.promise
  }
  void run({ wakesOn: [pods], workers: 2, reconcile })
  for (const key of ['a', 'b', 'c', 'a', 'a']) pods.wake(key)
  await expect.poll(() => started).toEqual(['a', 'b'])
  pods.wake('a')
  gates.get('b')?.resolve()
  await expect.poll(() => started).toEqual(['a', 'b', 'c'])
  gates.get('a')?.resolve()
  await expect.poll(() => started).toEqual(['a', 'b', 'c', 'a'])
})

test('tries a failed key again, and says which controller and key', async () => {
  const pods = source()
  const warn = vi.fn<Log['warn']>()
  const child = vi.fn<Log['child']>(() => log)
  const log: Log = { ...silentLog, warn, child }
  let failures = 3
  const reconcile = vi.fn<Controller['reconcile']>(async () => {
    if (failures-- > 0) throw new Error('not yet')
  })
  void run({ wakesOn: [pods], reconcile }, log)
  pods.wake('default/a')
  for (const delayMs of [5, 10, 20]) {
    await expect.poll(() => clock.nextTimerMs).toBe(delayMs)
    clock.advance(delayMs)
  }
  await expect.poll(() => reconcile.mock.calls.length).toBe(4)
  expect(child).toHaveBeenCalledWith({ controller: 'test' })
  expect(warn.mock.calls.map(([fields]) => fields)).toMatchObject(
    [5, 10, 20].map((retryInMs) => ({ key: 'default/a', retryInMs })),
  )
})

test('a lost race is tried again without a warning', async () => {
  const pods = source()
  const warn = vi.fn<Log['warn']>()
  const log: Log = { ...silentLog, warn, child: () => log }
  void run({ wakesOn: [pods], reconcile: () => Promise.reject(new StatusError(409, 'Conflict', 'modified')) }, log)
  pods.wake('a')
  await expect.poll(() => clock.nextTimerMs).toBe(5)
  expect(warn).not.toHaveBeenCalled()
})

test('calls again after the time that a reconcile asks for', async () => {
  const pods = source()
  const reconcile = vi.fn<Controller['reconcile']>(async () => ({ againInMs: 3000 }))
  void run({ wakesOn: [pods], reconcile })
  pods.wake('a')
  await expect.poll(() => clock.nextTimerMs).toBe(3000)
  clock.advance(3000)
  await expect.poll(() => reconcile.mock.calls.length).toBe(2)
})

test('ends with the signal, after the reconcile in progress', async () => {
  const pods = source()
  const gate = Promise.withResolvers<void>()
  const reconcile = vi.fn<Controller['reconcile']>(() => gate.promise)
  let ended = false
  const running = run({ wakesOn: [pods], workers: 1, reconcile }).then(() => (ended = true))
  pods.wake('a')
  pods.wake('b')
  await expect.poll(() => reconcile.mock.calls.length).toBe(1)
  ending.abort()
  await new Promise(setImmediate)
  expect(ended).toBe(false)
  gate.resolve()
  await running
  expect(reconcile).toHaveBeenCalledTimes(1)
  expect(pods.subscribers).toBe(0)
})

test('ends while it still waits for a source', async () => {
  const running = run({ wakesOn: [source({ synced: new Promise(() => {}) })], reconcile: async () => {} })
  ending.abort()
  await expect(running).resolves.toBeUndefined()
})
