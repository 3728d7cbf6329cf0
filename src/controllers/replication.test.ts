import { expect, test } from 'vitest'
import { StatusError } from '../api/errors.ts'
import { Events } from '../api/kinds/event.ts'
import { Pods } from '../api/kinds/pod.ts'
import { ReplicationControllers, type ReplicationController } from '../api/kinds/replication-controller.ts'
import { ConnectionError } from '../client/client.ts'
import { pod, replicationController as rc, TestCluster } from './fixtures.ts'
import { replicationController } from './replication.ts'

function start(cluster: TestCluster, object: ReplicationController): ReplicationController {
  const [stored] = cluster.client.seed(ReplicationControllers, object)
  cluster.run(
    replicationController({
      client: cluster.client,
      replicationControllers: cluster.cache(ReplicationControllers),
      pods: cluster.cache(Pods),
      events: cluster.events.recorder('replication-controller'),
      clock: cluster.clock,
    }),
  )
  if (stored === undefined) throw new Error('not seeded')
  return stored
}

const status = (cluster: TestCluster) => cluster.client.peek(ReplicationControllers, 'default/kubia')?.status
const messages = async (cluster: TestCluster) =>
  (await cluster.all(Events)).map(({ reason, message, count }) => ({ reason, message, count }))

test('creates the pods that are missing, owned by the controller, and says so', async () => {
  await using cluster = new TestCluster()
  const { metadata } = start(cluster, rc(3))
  await cluster.quiet()
  const pods = await cluster.all(Pods)
  expect(pods).toHaveLength(3)
  for (const { metadata: { name, labels, ownerReferences } } of pods) {
    expect(name).toMatch(/^kubia-\w{5}$/)
    expect(labels).toEqual({ app: 'kubia' })
    expect(ownerReferences).toEqual([
      {
        apiVersion: 'v1',
        kind: 'ReplicationController',
        name: 'kubia',
        uid: metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ])
  }
  expect(status(cluster)).toMatchObject({
    replicas: 3,
    fullyLabeledReplicas: 3,
    readyReplicas: 0,
    observedGeneration: 1,
  })
  expect(await messages(cluster)).toEqual(
    pods.map(({ metadata: { name } }) => ({ reason: 'SuccessfulCreate', message: `Created pod: ${name}`, count: 1 })),
  )
})

test('writes nothing when all is as wanted', async () => {
  await using cluster = new TestCluster()
  start(cluster, rc(2))
  await cluster.quiet()
  const before = cluster.client.writes.length
  const [one] = await cluster.all(Pods)
  cluster.client.seed(Pods, { ...pod({ name: one?.metadata.name ?? '' }), metadata: one?.metadata ?? pod().metadata })
  await cluster.quiet()
  // Only the readiness of that pod is new.
  expect(cluster.client.writes.slice(before)).toEqual([
    expect.objectContaining({ verb: 'patch', resource: 'replicationcontrollers', subresource: 'status' }),
  ])
})

test('replaces a pod that is deleted, and one that is being deleted', async () => {
  await using cluster = new TestCluster()
  start(cluster, rc(2))
  await cluster.quiet()
  const [one, two] = await cluster.all(Pods)
  if (one === undefined || two === undefined) throw new Error('pods missing')
  cluster.client.unseed(Pods, { namespace: 'default', name: one.metadata.name })
  cluster.client.seed(Pods, { ...two, metadata: { ...two.metadata, deletionTimestamp: '2026-01-01T00:00:01Z' } })
  await cluster.quiet()
  const live = (await cluster.all(Pods)).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  expect(live).toHaveLength(2)
  expect(live.map(({ metadata }) => metadata.uid)).not.toContain(two.metadata.uid)
})

test('deletes what is too much, the least useful first', async () => {
  await using cluster = new TestCluster()
  start(cluster, rc(3))
  await cluster.quiet()
  const [ready, other] = (await cluster.all(Pods)).map(({ metadata }) => metadata.name)
  cluster.setPod(ready ?? '', { ready: true, nodeName: 'node-1' })
  cluster.setPod(other ?? '', { ready: false, nodeName: 'node-1' })
  await cluster.quiet()
  const stored = cluster.client.peek(ReplicationControllers, 'default/kubia')
  if (stored === undefined) throw new Error('gone')
  cluster.client.seed(ReplicationControllers, { ...stored, spec: { ...stored.spec, replicas: 1 } })
  await cluster.quiet()
  expect((await cluster.all(Pods)).map(({ metadata }) => metadata.name)).toEqual([ready])
  expect((await messages(cluster)).filter(({ reason }) => reason === 'SuccessfulDelete')).toHaveLength(2)
  expect(status(cluster)).toMatchObject({ replicas: 1, readyReplicas: 1, availableReplicas: 1 })
})

test('adopts orphans that match, releases pods that match no longer, leaves those of others alone', async () => {
  await using cluster = new TestCluster()
  const other = { apiVersion: 'v1', kind: 'ReplicationController', name: 'other', uid: 'other', controller: true }
  cluster.client.seed(Pods, pod({ name: 'orphan' }), pod({ name: 'foreign', meta: { ownerReferences: [other] } }))
  const { metadata } = start(cluster, rc(2))
  await cluster.quiet()
  const owner = (name: string) => cluster.client.peek(Pods, `default/${name}`)?.metadata.ownerReferences?.[0]?.uid
  expect(owner('orphan')).toBe(metadata.uid)
  expect(owner('foreign')).toBe('other')
  expect(await cluster.all(Pods)).toHaveLength(3)

  cluster.setPod('orphan', { labels: { app: 'debug' } })
  await cluster.quiet()
  expect(owner('orphan')).toBeUndefined()
  const mine = (await cluster.all(Pods)).filter((each) => each.metadata.ownerReferences?.[0]?.uid === metadata.uid)
  expect(mine).toHaveLength(2)
})

test('reports a failure to create in an Event and a condition, and withdraws it', async () => {
  await using cluster = new TestCluster()
  cluster.client.failNext('create', Pods, new StatusError(403, 'Forbidden', 'exceeded quota'))
  const seen: unknown[] = []
  const { client } = cluster
  const patch = client.patch.bind(client)
  client.patch = async (...args) => {
    const object = await patch(...args)
    if (object.kind === 'ReplicationController') seen.push(status(cluster)?.conditions)
    return object
  }
  start(cluster, rc(2))
  await cluster.quiet()
  expect(seen[0]).toEqual([
    expect.objectContaining({
      type: 'ReplicaFailure',
      status: 'True',
      reason: 'FailedCreate',
      message: 'exceeded quota',
    }),
  ])
  expect(await cluster.all(Pods)).toHaveLength(2)
  expect(status(cluster)?.conditions ?? []).toEqual([])
  expect(await messages(cluster)).toContainEqual({
    reason: 'FailedCreate',
    message: 'Error creating: exceeded quota',
    count: 1,
  })
})

test('finds out what became of a create whose answer was lost', async () => {
  await using cluster = new TestCluster()
  const create = cluster.client.create.bind(cluster.client)
  let lost = false
  cluster.client.create = async (resource, draft, options) => {
    const object = await create(resource, draft, options)
    if (resource.kind !== 'Pod' || lost) return object
    lost = true
    throw new ConnectionError('connection reset')
  }
  start(cluster, rc(3))
  await cluster.quiet()
  expect(await cluster.all(Pods)).toHaveLength(3)
  expect(cluster.writesTo(Pods)).toEqual(['create', 'create', 'create'])
})

test('counts a pod as available once it has been ready for minReadySeconds', async () => {
  await using cluster = new TestCluster()
  start(cluster, rc(1, { spec: { minReadySeconds: 30 } }))
  await cluster.quiet()
  const [one] = await cluster.all(Pods)
  cluster.setPod(one?.metadata.name ?? '', { ready: true, nodeName: 'node-1' })
  await cluster.quiet()
  expect(status(cluster)).toMatchObject({ readyReplicas: 1, availableReplicas: 0 })
  await cluster.pass(31_000)
  expect(status(cluster)).toMatchObject({ readyReplicas: 1, availableReplicas: 1 })
})
