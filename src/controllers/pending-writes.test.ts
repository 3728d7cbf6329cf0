import { beforeEach, expect, test } from 'vitest'
import { Pods, type Pod } from '../api/kinds/pod.ts'
import { silentLog } from '../base/log.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { ConnectionError } from '../client/client.ts'
import { from } from '../client/controller.ts'
import { LiveCache } from '../client/live-cache.ts'
import { MemoryClient } from '../client/memory-client.ts'
import { changesTo } from '../client/object-index.ts'
import { pod } from './fixtures.ts'
import { PendingWrites } from './pending-writes.ts'

const owner = 'default/kubia'
const options = { belongs: () => true, signal: new AbortController().signal }

let clock: ManualClock
let client: MemoryClient
let cache: LiveCache<Pod>
let writes: PendingWrites<Pod>

beforeEach(() => {
  clock = new ManualClock()
  client = new MemoryClient()
  cache = new LiveCache<Pod>(silentLog)
  writes = new PendingWrites({ cache, client, resource: Pods, clock })
  writes.watching(from(cache, () => [])).subscribe(() => {})
})

const settled = () => writes.settled(owner, options)
const show = (previous: Pod | undefined, next: Pod | undefined) => cache.apply(changesTo(previous, next))
const createPod = () => writes.create(owner, () => client.create(Pods, pod({ name: 'a' })))

test('a created object is awaited until the cache shows it', async () => {
  expect(await settled()).toBe(true)
  const created = await createPod()
  expect(await settled()).toBe(false)
  show(undefined, created)
  expect(await settled()).toBe(true)
})

test('one that came and went is not awaited, even if that was before the create was answered', async () => {
  const created = await createPod()
  show(undefined, created)
  show(created, undefined)
  expect(await settled()).toBe(true)

  await writes.create(owner, async () => {
    const quick = await client.create(Pods, pod({ name: 'b' }))
    show(undefined, quick)
    show(quick, undefined)
    return quick
  })
  expect(await settled()).toBe(true)
})

test('one that was deleted unseen is asked for after a while', async () => {
  const { metadata } = await createPod()
  client.unseed(Pods, metadata)
  expect(await settled()).toBe(false)
  clock.advance(5_000)
  expect(await settled()).toBe(true)
})

test('one that is there but not shown is awaited for as long as it takes', async () => {
  await createPod()
  clock.advance(60_000)
  expect(await settled()).toBe(false)
})

test('an update is awaited until the cache shows another version', async () => {
  const created = await client.create(Pods, pod({ name: 'a' }))
  show(undefined, created)
  const next = await writes.update(owner, created, () => client.update(Pods, { ...created, spec: { containers: [] } }))
  expect(await settled()).toBe(false)
  show(created, next)
  expect(await settled()).toBe(true)
})

test('a deletion is awaited until the object is gone, marked or another', async () => {
  const created = await client.create(Pods, pod({ name: 'a' }))
  show(undefined, created)
  await writes.delete(owner, created, () => client.delete(Pods, created.metadata))
  expect(await settled()).toBe(false)
  show(created, { ...created, metadata: { ...created.metadata, deletionTimestamp: 'now', resourceVersion: '99' } })
  expect(await settled()).toBe(true)
})

test('after a create without an answer the live objects decide', async () => {
  const broken = async () => {
    await client.create(Pods, pod({ name: 'a' }))
    throw new ConnectionError('connection reset')
  }
  await expect(writes.create(owner, broken)).rejects.toThrow('connection reset')
  expect(await settled()).toBe(false)
  show(undefined, client.peek(Pods, 'default/a'))
  expect(await settled()).toBe(true)
})
