import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { StatusError } from '../api/errors.ts'
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { silentLog, type Log } from '../base/log.ts'
import type { Cache } from './cache.ts'
import { ConnectionError } from './client.ts'
import { informer, type InformerOptions } from './informer.ts'
import { MemoryClient } from './memory-client.ts'

interface Pod extends KubeObject {
  spec: { nodeName: string; image?: string }
}

const pods: Resource<Pod> = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  namespaced: true,
}

let client: MemoryClient
let clock: ManualClock
let ending: AbortController

beforeEach(() => {
  client = new MemoryClient()
  clock = new ManualClock()
  ending = new AbortController()
})

afterEach(() => ending.abort())

function pod(name: string, { namespace = 'default', nodeName = 'node-1', labels = {} as Record<string, string> } = {}) {
  return { metadata: { namespace, name, labels }, spec: { nodeName, image: 'web:1' } }
}

function start(options: Partial<InformerOptions<Pod>> = {}) {
  const cache = informer(client, pods, { log: silentLog, clock, signal: ending.signal, random: () => 1, ...options })
  return { cache, told: record(cache) }
}

/** What a listener was told: `+name`, `~name`, `-name`. */
function record(cache: Cache<Pod>): string[] {
  const told: string[] = []
  cache.onChange((previous, next) => {
    const sign = previous === undefined ? '+' : next === undefined ? '-' : '~'
    told.push(`${sign}${(next ?? previous)?.metadata.name}`)
  })
  return told
}

const names = (objects: readonly Pod[]) => objects.map(({ metadata }) => metadata.name).sort()
const listCalls = () => client.calls.filter(({ verb }) => verb === 'list').length
const watching = () => expect.poll(() => client.watchCount).toBe(1)

/** Lets the informer's retries through until it watches again. */
async function reconnect(): Promise<void> {
  await expect
    .poll(() => {
      clock.advance(100)
      return client.watchCount
    })
    .toBe(1)
}

test('lists, then follows', async () => {
  client.seed(pods, pod('a'), pod('b'))
  const { cache, told } = start()
  expect(cache.hasSynced).toBe(false)
  await cache.synced
  expect(told).toEqual(['+a', '+b'])
  client.seed(pods, pod('c'), { ...pod('a'), spec: { nodeName: 'node-2' } })
  client.unseed(pods, { namespace: 'default', name: 'b' })
  await expect.poll(() => told).toEqual(['+a', '+b', '+c', '~a', '-b'])
  expect(names(cache.list())).toEqual(['a', 'c'])
  expect(cache.get('default/a')?.spec.nodeName).toBe('node-2')
})

test('knows the version of each change when it is told, of a deletion too', async () => {
  const [seeded] = client.seed(pods, pod('a'))
  const { cache } = start()
  const told: (string | undefined)[] = []
  cache.onChange(() => told.push(cache.version))
  await watching()
  await client.delete(pods, { namespace: 'default', name: 'a' })
  await expect.poll(() => told).toHaveLength(2)
  expect(told).toEqual([seeded?.metadata.resourceVersion, String(Number(seeded?.metadata.resourceVersion) + 1)])
})

test('reads all pages of a long list', async () => {
  client.seed(pods, ...Array.from({ length: 1201 }, (_, index) => pod(`pod-${index}`)))
  const { cache } = start()
  await cache.synced
  expect(cache.list()).toHaveLength(1201)
  expect(listCalls()).toBe(3)
})

test('lists by namespace, and lists the same array until something changes', async () => {
  client.seed(pods, pod('a'), pod('b', { namespace: 'other' }))
  const { cache, told } = start()
  await cache.synced
  expect(names(cache.list('default'))).toEqual(['a'])
  expect(cache.list('nowhere')).toEqual([])
  const before = cache.list('other')
  client.seed(pods, pod('c'))
  await expect.poll(() => told).toContain('+c')
  expect(names(cache.list('default'))).toEqual(['a', 'c'])
  expect(cache.list('other')).toBe(before)
  client.unseed(pods, { namespace: 'other', name: 'b' })
  await expect.poll(() => cache.list('other')).toEqual([])
})

test('passes the selection on', async () => {
  const labels = { app: 'web' }
  client.seed(pods, pod('a', { labels }), pod('b', { labels, nodeName: 'node-2' }), pod('c'))
  client.seed(pods, pod('e', { labels, namespace: 'other' }))
  const selection = { namespace: 'default', labelSelector: 'app=web', fieldSelector: 'spec.nodeName=node-1' }
  const { cache, told } = start(selection)
  await cache.synced
  client.seed(pods, pod('a', { labels: {} }), pod('d', { labels }))
  await expect.poll(() => told).toEqual(['+a', '-a', '+d'])
})

test('keeps what transform leaves', async () => {
  client.seed(pods, pod('a'))
  const { cache } = start({ transform: ({ spec, ...rest }) => ({ ...rest, spec: { nodeName: spec.nodeName } }) })
  await cache.synced
  expect(cache.get('default/a')?.spec).toEqual({ nodeName: 'node-1' })
})

test('tells a late listener what is there at once', async () => {
  client.seed(pods, pod('a'))
  const { cache } = start()
  await cache.synced
  expect(record(cache)).toEqual(['+a'])
})

for (const { name, breakWatch } of [
  { name: 'ended', breakWatch: () => client.endWatches() },
  { name: 'broken', breakWatch: () => client.endWatches(new ConnectionError('reset')) },
]) {
  test(`resumes an ${name} watch where it was, without listing`, async () => {
    client.seed(pods, pod('a'))
    const { told } = start()
    await watching()
    breakWatch()
    await expect.poll(() => client.watchCount).toBe(0)
    client.seed(pods, pod('b'))
    await reconnect()
    await expect.poll(() => told).toEqual(['+a', '+b'])
    expect(listCalls()).toBe(1)
  })
}

test('resumes from a bookmark', async () => {
  const { cache, told } = start()
  await watching()
  client.seed({ ...pods, plural: 'services' }, pod('elsewhere'))
  client.forgetHistory()
  client.bookmark()
  client.seed(pods, pod('a'))
  await expect.poll(() => told).toEqual(['+a'])
  client.endWatches()
  await expect.poll(() => client.watchCount).toBe(0)
  await reconnect()
  expect(listCalls()).toBe(1)
  expect(cache.list()).toHaveLength(1)
})

test('lists again when history is gone, and reports only the differences', async () => {
  client.seed(pods, pod('same'), pod('changed'), pod('gone'), pod('replaced'))
  const { told } = start()
  await watching()
  client.endWatches(new ConnectionError('reset'))
  await expect.poll(() => client.watchCount).toBe(0)
  client.seed(pods, { ...pod('changed'), spec: { nodeName: 'node-2' } })
  client.unseed(pods, { namespace: 'default', name: 'gone' })
  client.unseed(pods, { namespace: 'default', name: 'replaced' })
  client.seed(pods, pod('replaced'))
  client.forgetHistory()
  told.length = 0
  await reconnect()
  expect(listCalls()).toBe(2)
  expect(told.slice(0, 2)).toEqual(['-gone', '~changed'])
  expect(told.slice(2)).toEqual(['-replaced', '+replaced'])
})

test('tries again with back-off until the server answers', async () => {
  const delays: number[] = []
  const down = new ConnectionError('refused')
  for (let round = 0; round < 10; round += 1) client.failNext('list', pods, down)
  client.seed(pods, pod('a'))
  const { cache } = start()
  for (let round = 0; round < 10; round += 1) {
    await expect.poll(() => clock.nextTimerMs).toBeDefined()
    delays.push(clock.nextTimerMs ?? 0)
    clock.advance(clock.nextTimerMs ?? 0)
  }
  await cache.synced
  expect(delays.slice(0, 3)).toEqual([50, 100, 200])
  expect(delays.at(-1)).toBe(10_000)
})

test('a busy server does not make it list again', async () => {
  const { told } = start()
  await watching()
  client.failNext('watch', pods, new StatusError(429, 'TooManyRequests', 'busy'))
  client.endWatches()
  await expect.poll(() => client.watchCount).toBe(0)
  client.seed(pods, pod('a'))
  await reconnect()
  await expect.poll(() => told).toEqual(['+a'])
  expect(listCalls()).toBe(1)
})

test('a listener that throws is logged with the object and stops nobody', async () => {
  const error = vi.fn<Log['error']>()
  const log: Log = { ...silentLog, error, child: () => log }
  const cache = informer(client, pods, { log, clock, signal: ending.signal })
  cache.onChange(() => {
    throw new Error('broken listener')
  })
  const told = record(cache)
  client.seed(pods, pod('a'), pod('b'))
  await expect.poll(() => told).toEqual(['+a', '+b'])
  expect(error).toHaveBeenCalledWith(expect.objectContaining({ namespace: 'default', name: 'a' }), expect.any(String))
})

test('an ended subscription hears nothing more, others do', async () => {
  const { cache, told } = start()
  const other: string[] = []
  const end = cache.onChange((_, next) => other.push(next?.metadata.name ?? ''))
  client.seed(pods, pod('a'))
  await expect.poll(() => told).toEqual(['+a'])
  end()
  client.seed(pods, pod('b'))
  await expect.poll(() => told).toEqual(['+a', '+b'])
  expect(other).toEqual(['a'])
})

test('a listener added while another is told hears each object once', async () => {
  const { cache } = start()
  let late: string[] | undefined
  cache.onChange(() => (late ??= record(cache)))
  client.seed(pods, pod('a'), pod('b'))
  await expect.poll(() => cache.list()).toHaveLength(2)
  expect(late).toEqual(['+a', '+b'])
})

test('ends with its signal', async () => {
  start()
  await watching()
  ending.abort()
  await expect.poll(() => client.watchCount).toBe(0)
  expect(clock.nextTimerMs).toBeUndefined()
})
