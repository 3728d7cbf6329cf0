import { expect, test } from 'vitest'
import { Namespaces } from '../api/kinds/namespace.ts'
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { WatchEvent } from './client.ts'
import { MemoryClient } from './memory-client.ts'

interface Pod extends KubeObject {
  spec: { nodeName?: string; containers?: { name: string; image?: string }[] }
  status?: { phase?: string; conditions?: { type: string; status: string }[] }
}

const pods: Resource<Pod> = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  namespaced: true,
}

function pod(name: string, labels: Record<string, string> = {}, nodeName = 'node-1') {
  return { metadata: { namespace: 'default', name, labels }, spec: { nodeName } }
}

const web = { namespace: 'default', name: 'web' }

/** The next `count` events, shortened to `TYPE name`. */
async function take(events: AsyncIterable<WatchEvent<Pod>>, count: number): Promise<string[]> {
  const seen: string[] = []
  for await (const event of events) {
    const what = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.name
    seen.push(`${event.type} ${what}`)
    if (seen.length === count) break
  }
  return seen
}

test('completes what it creates and refuses a second of the same name', async () => {
  const client = new MemoryClient()
  const created = await client.create(pods, pod('web'))
  expect(created).toMatchObject({ apiVersion: 'v1', kind: 'Pod', metadata: { resourceVersion: '1' } })
  await expect(client.create(pods, pod('web'))).rejects.toMatchObject({ code: 409, reason: 'AlreadyExists' })
  await expect(client.get(pods, { ...web, name: 'other' })).rejects.toThrow('pods "other" not found')
})

test('draws names from generateName', async () => {
  const client = new MemoryClient()
  const draft = { metadata: { namespace: 'default', generateName: 'web-' }, spec: {} }
  const [first, second] = [await client.create(pods, draft), await client.create(pods, draft)]
  for (const { metadata } of [first, second]) expect(metadata.name).toMatch(/^web-.{5}$/)
  expect(first.metadata.name).not.toBe(second.metadata.name)
})

test('updates only from the current version', async () => {
  const client = new MemoryClient()
  const first = await client.create(pods, pod('web'))
  const second = await client.update(pods, { ...first, spec: { nodeName: 'node-2' } })
  expect(second.metadata.resourceVersion).toBe('2')
  await expect(client.update(pods, first)).rejects.toMatchObject({ code: 409, reason: 'Conflict' })
})

test('a write that changes nothing takes no revision', async () => {
  const client = new MemoryClient()
  const first = await client.create(pods, pod('web'))
  expect(await client.update(pods, first)).toEqual(first)
})

test('writes status only through the status subresource', async () => {
  const client = new MemoryClient()
  const created = await client.create(pods, { ...pod('web'), status: { phase: 'Running' } })
  expect(created.status).toBeUndefined()
  const running = await client.updateStatus(pods, { ...created, spec: { nodeName: 'x' }, status: { phase: 'Running' } })
  expect(running).toMatchObject({ spec: { nodeName: 'node-1' }, status: { phase: 'Running' } })
  const moved = await client.update(pods, { ...running, spec: { nodeName: 'x' }, status: { phase: 'Failed' } })
  expect(moved).toMatchObject({ spec: { nodeName: 'x' }, status: { phase: 'Running' } })
})

for (const { name, patch, becomes } of [
  {
    name: 'merge',
    patch: { type: 'merge', body: { metadata: { labels: { app: null, tier: 'web' } } } },
    becomes: { metadata: { labels: { tier: 'web' } } },
  },
  {
    name: 'strategic',
    patch: { type: 'strategic', body: { spec: { containers: [{ name: 'b', image: 'two' }] } } },
    becomes: { spec: { containers: [{ name: 'a', image: 'one' }, { name: 'b', image: 'two' }] } },
  },
  {
    name: 'strategic, a list in the place of another',
    patch: { type: 'strategic', body: { spec: { containers: [{ name: 'b', image: 'two' }, { $patch: 'replace' }] } } },
    becomes: { spec: { containers: [{ name: 'b', image: 'two' }] } },
  },
  {
    name: 'json',
    patch: { type: 'json', body: [{ op: 'replace', path: '/spec/nodeName', value: 'node-2' }] },
    becomes: { spec: { nodeName: 'node-2' } },
  },
] as const) {
  test(`patches: ${name}`, async () => {
    const client = new MemoryClient()
    const [seeded] = client.seed(pods, {
      ...pod('web', { app: 'web' }),
      spec: { containers: [{ name: 'a', image: 'one' }, { name: 'b' }], nodeName: 'node-1' },
    })
    const patched = await client.patch(pods, web, patch)
    expect(patched).toMatchObject(becomes)
    expect(patched.metadata.labels ?? {}).toEqual('metadata' in becomes ? becomes.metadata.labels : { app: 'web' })
    expect(Number(patched.metadata.resourceVersion)).toBe(Number(seeded?.metadata.resourceVersion) + 1)
  })
}

test('refuses a JSON patch of a missing path', async () => {
  const client = new MemoryClient()
  client.seed(pods, pod('web'))
  const patch = { type: 'json', body: [{ op: 'remove', path: '/spec/nothing' }] } as const
  await expect(client.patch(pods, web, patch)).rejects.toMatchObject({ code: 400 })
})

test('counts the generations of what is desired', async () => {
  const client = new MemoryClient()
  const created = await client.create(pods, pod('web'))
  expect(created.metadata.generation).toBe(1)
  const labelled = await client.patch(pods, web, { type: 'merge', body: { metadata: { labels: { a: 'b' } } } })
  expect(labelled.metadata.generation).toBe(1)
  const moved = await client.update(pods, { ...labelled, spec: { nodeName: 'x' } })
  expect(moved.metadata.generation).toBe(2)
  const [seeded] = client.seed(pods, { ...pod('other'), spec: {} })
  expect(seeded?.metadata).not.toHaveProperty('generation')
})

test('a write to the status of a Deployment changes annotations too, that of another kind does not', async () => {
  const client = new MemoryClient()
  const deployments = { ...pods, group: 'apps', kind: 'Deployment', plural: 'deployments' }
  for (const [resource, changes] of [[deployments, true], [pods, false]] as const) {
    const { metadata } = await client.create(resource, pod('web'))
    const body = { metadata: { annotations: { revision: '1' } }, status: { phase: 'Running' } }
    const patched = await client.patch(resource, { ...web, subresource: 'status' }, { type: 'merge', body })
    const annotations = changes ? { annotations: { revision: '1' } } : {}
    expect(patched.metadata).toEqual({ ...metadata, ...annotations, resourceVersion: patched.metadata.resourceVersion })
    expect(patched.status).toEqual({ phase: 'Running' })
  }
})

test('tells of changes when they are made', async () => {
  const client = new MemoryClient()
  const seen: string[] = []
  client.onChange(pods, (previous, next) => seen.push(`${previous?.metadata.name} ${next?.metadata.name}`))
  const created = client.create(pods, pod('web'))
  expect(seen).toEqual(['undefined web'])
  await created
  client.unseed(pods, web)
  expect(seen).toEqual(['undefined web', 'web undefined'])
  expect(client.peekAll(pods)).toEqual([])
})

test('deletes only the object that is meant', async () => {
  const client = new MemoryClient()
  const created = await client.create(pods, pod('web'))
  await expect(client.delete(pods, web, { uid: 'another' })).rejects.toMatchObject({ reason: 'Conflict' })
  await client.delete(pods, web, { uid: created.metadata.uid })
  expect(client.peek(pods, 'default/web')).toBeUndefined()
})

test('removes an object with finalizers when the last of them is gone', async () => {
  const client = new MemoryClient()
  client.seed(pods, { ...pod('web'), metadata: { ...web, finalizers: ['example.com/hold'] } })
  await client.delete(pods, web)
  expect(client.peek(pods, 'default/web')?.metadata.deletionTimestamp).toBeDefined()
  await client.patch(pods, web, { type: 'merge', body: { metadata: { finalizers: null } } })
  expect(client.peek(pods, 'default/web')).toBeUndefined()
})

test('keeps a terminating pod through updates of its status', async () => {
  const client = new MemoryClient()
  const terminating = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 }
  client.seed(pods, { ...pod('web'), metadata: { ...web, ...terminating } })
  await client.patch(pods, { ...web, subresource: 'status' }, { type: 'merge', body: { status: { phase: 'Failed' } } })
  expect(client.peek(pods, 'default/web')?.status?.phase).toBe('Failed')
})

test('finalizes a namespace', async () => {
  const client = new MemoryClient()
  const [shop] = client.seed(Namespaces, { metadata: { name: 'shop' }, spec: { finalizers: ['kubernetes'] } })
  await client.delete(Namespaces, { name: 'shop' })
  expect(client.peek(Namespaces, 'shop')).toBeDefined()
  const body = { ...shop, metadata: { name: 'shop' }, spec: { finalizers: [] } }
  await client.updateSubresource(Namespaces, { name: 'shop', subresource: 'finalize' }, body)
  expect(client.peek(Namespaces, 'shop')).toBeUndefined()
})

test('binds a pod once', async () => {
  const client = new MemoryClient()
  client.seed(pods, pod('web', {}, ''))
  const binding = { ...web, subresource: 'binding' }
  await client.createSubresource(pods, binding, { target: { name: 'node-7' } })
  expect(client.peek(pods, 'default/web')?.spec.nodeName).toBe('node-7')
  const again = client.createSubresource(pods, binding, { target: { name: 'node-8' } })
  await expect(again).rejects.toThrow('already assigned')
})

test('lists by selectors, in pages of one revision', async () => {
  const client = new MemoryClient()
  client.seed(pods, pod('a', { app: 'web' }), pod('b', { app: 'db' }), pod('c', { app: 'web' }, 'node-2'))
  const names = async (options: object) => (await client.list(pods, options)).items.map(({ metadata }) => metadata.name)
  expect(await names({ labelSelector: 'app=web' })).toEqual(['a', 'c'])
  expect(await names({ labelSelector: 'app!=web' })).toEqual(['b'])
  expect(await names({ fieldSelector: 'spec.nodeName=node-2' })).toEqual(['c'])
  expect(await names({ namespace: 'other' })).toEqual([])

  const first = await client.list(pods, { limit: 2 })
  client.unseed(pods, { namespace: 'default', name: 'c' })
  const second = await client.list(pods, { limit: 2, continue: first.continue ?? '' })
  expect([...first.items, ...second.items].map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c'])
  expect(second).toMatchObject({ resourceVersion: first.resourceVersion })
  expect(second.continue).toBeUndefined()
})

test('watches from a version, and through changes of selection', async () => {
  const client = new MemoryClient()
  client.seed(pods, pod('before', { app: 'web' }))
  const events = client.watch(pods, { resourceVersion: '1', labelSelector: 'app=web', bookmarks: true })
  client.seed(pods, pod('web', { app: 'web' }), pod('web', { app: 'db' }), pod('web', { app: 'web' }))
  client.seed(pods, pod('other', { app: 'db' }))
  const seen = take(events, 4)
  await expect.poll(() => client.watchCount).toBe(1)
  client.bookmark()
  expect(await seen).toEqual(['ADDED web', 'DELETED web', 'ADDED web', 'BOOKMARK 5'])
  expect(client.watchCount).toBe(0)
})

test('a watch ends with its signal', async () => {
  const client = new MemoryClient()
  const ending = new AbortController()
  const seen = take(client.watch(pods, { resourceVersion: '0', signal: ending.signal }), Infinity)
  client.seed(pods, pod('web'))
  await expect.poll(() => client.watchCount).toBe(1)
  ending.abort()
  await seen
  expect(client.watchCount).toBe(0)
})

test('forgotten history ends in 410', async () => {
  const client = new MemoryClient()
  client.seed(pods, pod('a'), pod('b'))
  const { continue: token = '' } = await client.list(pods, { limit: 1 })
  client.forgetHistory()
  await expect(take(client.watch(pods, { resourceVersion: '1' }), 1)).rejects.toMatchObject({ code: 410 })
  await expect(client.list(pods, { continue: token })).rejects.toMatchObject({ code: 410 })
})

test('fails as told, once, and counts the call', async () => {
  const client = new MemoryClient()
  client.failNext('create', pods, new Error('down'))
  await expect(client.create(pods, pod('web'))).rejects.toThrow('down')
  await client.create(pods, pod('web'))
  expect(client.writes).toEqual([
    { verb: 'create', resource: 'pods', key: 'default/web' },
    { verb: 'create', resource: 'pods', key: 'default/web' },
  ])
})
