import { expect, test, vi } from 'vitest'
import type { StoreEvent } from './store.ts'
import { WatchRegistry } from './watch-registry.ts'

function put(revision: number, key: string): StoreEvent {
  const entry = { key, value: '', createRevision: revision, modRevision: revision }
  return { type: 'put', revision, entry, previous: undefined }
}

test('gives watchers of one prefix the same array, in one call', () => {
  const registry = new WatchRegistry()
  const { signal } = new AbortController()
  const sinks = [vi.fn<(events: readonly StoreEvent[]) => void>(), vi.fn<(events: readonly StoreEvent[]) => void>()]
  for (const sink of sinks) registry.add({ prefix: '/registry/pods/a/', sink, seen: 0 }, signal)
  registry.dispatch([put(1, '/registry/pods/a/x'), put(2, '/registry/pods/b/x'), put(3, '/registry/pods/a/y')])
  const [first, second] = sinks.map((sink) => sink.mock.calls)
  expect(first).toHaveLength(1)
  expect(first?.[0]?.[0].map(({ revision }) => revision)).toEqual([1, 3])
  expect(second?.[0]?.[0]).toBe(first?.[0]?.[0])
})

test('a sink that throws surfaces as an uncaught exception, and stops nobody', async () => {
  const registry = new WatchRegistry()
  const { signal } = new AbortController()
  const uncaught = Promise.withResolvers<unknown>()
  const before = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.once('uncaughtException', uncaught.resolve)
  try {
    const other = vi.fn<(events: readonly StoreEvent[]) => void>()
    const broken = () => {
      throw new Error('broken sink')
    }
    registry.add({ prefix: '/registry/', sink: broken, seen: 0 }, signal)
    registry.add({ prefix: '/registry/', sink: other, seen: 0 }, signal)
    registry.dispatch([put(1, '/registry/pods/a/x')])
    expect(other).toHaveBeenCalledTimes(1)
    expect(await uncaught.promise).toMatchObject({ message: 'broken sink' })
  } finally {
    for (const listener of before) process.on('uncaughtException', listener)
  }
})
