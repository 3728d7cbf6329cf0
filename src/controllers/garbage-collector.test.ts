import { expect, test } from 'vitest'
import { ConfigMaps, type ConfigMap } from '../api/kinds/config-map.ts'
import { Pods, type Pod } from '../api/kinds/pod.ts'
import { ReplicationControllers } from '../api/kinds/replication-controller.ts'
import type { KubeObject, OwnerReference } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { Cache } from '../client/cache.ts'
import { pod, replicationController as rc, TestCluster } from './fixtures.ts'
import { garbageCollector } from './garbage-collector.ts'

function start(cluster: TestCluster): void {
  const resources: readonly Resource[] = [Pods, ReplicationControllers, ConfigMaps]
  const kinds = resources.map((resource) => ({ resource, cache: cluster.cache(resource) as Cache<KubeObject> }))
  cluster.run(garbageCollector({ client: cluster.client, kinds }))
}

function ownedBy(owner: KubeObject, blocking = true): OwnerReference {
  const { apiVersion, kind, metadata } = owner
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: blocking }
}

function seedOwner(cluster: TestCluster, meta: Partial<Pod['metadata']> = {}) {
  const owner = rc(1)
  const [stored] = cluster.client.seed(ReplicationControllers, { ...owner, metadata: { ...owner.metadata, ...meta } })
  if (stored === undefined) throw new Error('not seeded')
  return stored
}

const names = async (cluster: TestCluster) => (await cluster.all(Pods)).map(({ metadata }) => metadata.name)
const rcName = { namespace: 'default', name: 'kubia' }

test('deletes the dependents of an owner that is gone, and what they owned', async () => {
  await using cluster = new TestCluster()
  const owner = seedOwner(cluster)
  const [child] = cluster.client.seed(Pods, pod({ name: 'child', meta: { ownerReferences: [ownedBy(owner)] } }))
  if (child === undefined) throw new Error('not seeded')
  const metadata = { namespace: 'default', name: 'grandchild', ownerReferences: [ownedBy(child)] }
  cluster.client.seed<ConfigMap>(ConfigMaps, { metadata })
  cluster.client.seed(Pods, pod({ name: 'free' }))
  start(cluster)
  await cluster.quiet()
  expect(cluster.client.writes).toEqual([])

  cluster.client.unseed(ReplicationControllers, rcName)
  await cluster.quiet()
  expect(await names(cluster)).toEqual(['free'])
  expect(await cluster.all(ConfigMaps)).toEqual([])
})

test('finds at its start what lost its owner before, also to another of the same name', async () => {
  await using cluster = new TestCluster()
  const owner = seedOwner(cluster)
  const earlier = { ...ownedBy(owner), uid: 'earlier' }
  cluster.client.seed(
    Pods,
    pod({ name: 'old', meta: { ownerReferences: [earlier] } }),
    pod({ name: 'new', meta: { ownerReferences: [ownedBy(owner)] } }),
  )
  start(cluster)
  await cluster.quiet()
  expect(await names(cluster)).toEqual(['new'])
})

test('does not delete while the cache of owners lags: a live GET finds them', async () => {
  await using cluster = new TestCluster()
  const owner = rc(1)
  cluster.client.seed(Pods, pod({ name: 'child', meta: { ownerReferences: [ownedBy(owner)] } }))
  const get = cluster.client.get.bind(cluster.client)
  // The owner is there for who asks, and nowhere else.
  cluster.client.get = async (resource, target, options) =>
    resource.kind === 'ReplicationController' ? (owner as never) : get(resource, target, options)
  start(cluster)
  await cluster.quiet()
  expect(await names(cluster)).toEqual(['child'])
})

test('keeps the dependents of owners that it cannot look up', async () => {
  await using cluster = new TestCluster()
  const foreign = { apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'w' }
  cluster.client.seed(Pods, pod({ name: 'child', meta: { ownerReferences: [foreign] } }))
  start(cluster)
  await cluster.quiet()
  expect(await names(cluster)).toEqual(['child'])
})

test('of several owners it only forgets the one that is gone', async () => {
  await using cluster = new TestCluster()
  const owner = seedOwner(cluster)
  const other = cluster.client.seed<ConfigMap>(ConfigMaps, { metadata: { namespace: 'default', name: 'other' } })[0]
  if (other === undefined) throw new Error('not seeded')
  cluster.client.seed(
    Pods,
    pod({ name: 'child', meta: { ownerReferences: [ownedBy(owner), { ...ownedBy(other), controller: false }] } }),
  )
  start(cluster)
  await cluster.quiet()
  cluster.client.unseed(ReplicationControllers, rcName)
  await cluster.quiet()
  const [child] = await cluster.all(Pods)
  expect(child?.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['other'])
})

test('foreground: the owner goes after its blocking dependents', async () => {
  await using cluster = new TestCluster()
  const owner = seedOwner(cluster, { finalizers: ['foregroundDeletion'] })
  const slow = pod({ name: 'slow', meta: { ownerReferences: [ownedBy(owner)], finalizers: ['example.com/wait'] } })
  const [stored] = cluster.client.seed(Pods, slow, pod({ name: 'quick', meta: { ownerReferences: [ownedBy(owner)] } }))
  start(cluster)
  await cluster.quiet()
  await cluster.client.delete(ReplicationControllers, rcName)
  await cluster.quiet()
  expect(await names(cluster)).toEqual(['slow'])
  expect(await cluster.all(ReplicationControllers)).toHaveLength(1)

  const { name, namespace } = stored?.metadata ?? { name: '', namespace: '' }
  await cluster.client.patch(Pods, { namespace, name }, { type: 'merge', body: { metadata: { finalizers: null } } })
  await cluster.quiet()
  expect(await names(cluster)).toEqual([])
  expect(await cluster.all(ReplicationControllers)).toEqual([])
})

test('foreground: a dependent that does not block is deleted, but not waited for', async () => {
  await using cluster = new TestCluster()
  const owner = seedOwner(cluster, { finalizers: ['foregroundDeletion'] })
  const held = { ownerReferences: [ownedBy(owner, false)], finalizers: ['example.com/wait'] }
  cluster.client.seed(Pods, pod({ name: 'child', meta: held }))
  start(cluster)
  await cluster.quiet()
  await cluster.client.delete(ReplicationControllers, rcName)
  await cluster.quiet()
  expect(await cluster.all(ReplicationControllers)).toEqual([])
  expect((await cluster.all(Pods))[0]?.metadata.deletionTimestamp).toBeDefined()
})

test('orphan: the dependents stay, without owner, even those that no cache shows', async () => {
  await using cluster = new TestCluster()
  const owner = seedOwner(cluster, { finalizers: ['orphan'] })
  cluster.client.seed(Pods, pod({ name: 'child', meta: { ownerReferences: [ownedBy(owner)] } }))
  const late = { namespace: 'default', name: 'late', ownerReferences: [ownedBy(owner)] }
  start(cluster)
  await cluster.quiet()
  await Promise.all([
    cluster.client.create<ConfigMap>(ConfigMaps, { metadata: late }),
    cluster.client.delete(ReplicationControllers, rcName),
  ])
  await cluster.quiet()
  expect(await cluster.all(ReplicationControllers)).toEqual([])
  for (const { metadata } of [...(await cluster.all(Pods)), ...(await cluster.all(ConfigMaps))]) {
    expect(metadata.ownerReferences ?? []).toEqual([])
    expect(metadata.deletionTimestamp).toBeUndefined()
  }
  expect(await names(cluster)).toEqual(['child'])
})
