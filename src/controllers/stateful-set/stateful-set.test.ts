import { describe, expect, test } from 'vitest'
import { StatusError } from '../../api/errors.ts'
import { ControllerRevisions } from '../../api/kinds/controller-revision.ts'
import { Events } from '../../api/kinds/event.ts'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import { StatefulSets, type StatefulSet } from '../../api/kinds/stateful-set.ts'
import { ConnectionError } from '../../client/client.ts'
import { pod, TestCluster } from '../fixtures.ts'
import { statefulSet, templateOfImage } from '../set-fixtures.ts'
import { statefulSetController } from './stateful-set.ts'

const key = 'default/web'

async function start(cluster: TestCluster, spec: Partial<StatefulSet['spec']> = {}): Promise<void> {
  cluster.client.seed(StatefulSets, statefulSet(spec))
  cluster.run(
    statefulSetController({
      client: cluster.client,
      statefulSets: cluster.cache(StatefulSets),
      controllerRevisions: cluster.cache(ControllerRevisions),
      pods: cluster.cache(Pods),
      events: cluster.events.recorder('statefulset-controller'),
      clock: cluster.clock,
    }),
  )
  await cluster.quiet()
}

function stored(cluster: TestCluster): StatefulSet {
  const set = cluster.client.peek(StatefulSets, key)
  if (set === undefined) throw new Error('no set')
  return set
}

async function change(cluster: TestCluster, spec: Partial<StatefulSet['spec']>): Promise<void> {
  const { metadata, ...set } = stored(cluster)
  const generation = (metadata.generation ?? 0) + 1
  cluster.client.seed(StatefulSets, { ...set, metadata: { ...metadata, generation }, spec: { ...set.spec, ...spec } })
  await cluster.quiet()
}

/** Members by name, each with what its agent would say: `web-0 ready`, `web-1 going`. */
async function members(cluster: TestCluster): Promise<readonly string[]> {
  return (await cluster.all(Pods)).map(describePod).sort()
}

function describePod({ metadata, status }: Pod): string {
  const isReady = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
  const words = [...(isReady ? ['ready'] : []), ...(metadata.deletionTimestamp === undefined ? [] : ['going'])]
  return [metadata.name, ...words].join(' ')
}

/** Does what agents do until nothing happens any more: makes pods ready, in turn, and lets those end that are going. */
async function runPods(cluster: TestCluster): Promise<void> {
  for (let before = -1; before !== cluster.client.writes.length; ) {
    before = cluster.client.writes.length
    for (const { metadata } of await cluster.all(Pods)) {
      if (metadata.deletionTimestamp === undefined) cluster.setPod(metadata.name, { ready: true, nodeName: 'node-1' })
      else cluster.client.unseed(Pods, { namespace: 'default', name: metadata.name })
    }
    await cluster.quiet()
  }
}

async function images(cluster: TestCluster): Promise<readonly string[]> {
  const pods = await cluster.all(Pods)
  return pods.map(({ metadata, spec }) => `${metadata.name} ${spec.containers[0]?.image}`).sort()
}

async function revisions(cluster: TestCluster): Promise<readonly number[]> {
  return (await cluster.all(ControllerRevisions)).map(({ revision }) => revision).sort((a, b) => a - b)
}

async function messages(cluster: TestCluster): Promise<readonly string[]> {
  return (await cluster.all(Events)).map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
}

/** Pods that stay, marked as going, when they are deleted, until an agent has ended them. */
const slowMetadata = { labels: { app: 'kubia' }, finalizers: ['test/agent'] }
const slowly = { template: { ...templateOfImage('luksa/kubia'), metadata: slowMetadata } }

describe('pods come in order', () => {
  test('each when those before it are ready, with names, labels and places in DNS of their own', async () => {
    await using cluster = new TestCluster()
    await start(cluster)
    expect(await members(cluster)).toEqual(['web-0'])
    cluster.setPod('web-0', { ready: true })
    await cluster.quiet()
    expect(await members(cluster)).toEqual(['web-0 ready', 'web-1'])
    cluster.setPod('web-1', { ready: true })
    await cluster.quiet()
    expect(await members(cluster)).toEqual(['web-0 ready', 'web-1 ready', 'web-2'])

    const { updateRevision = '' } = stored(cluster).status ?? {}
    expect(cluster.client.peek(Pods, 'default/web-1')).toMatchObject({
      metadata: {
        labels: {
          app: 'kubia',
          'statefulset.kubernetes.io/pod-name': 'web-1',
          'apps.kubernetes.io/pod-index': '1',
          'controller-revision-hash': updateRevision,
        },
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', controller: true }],
      },
      spec: { hostname: 'web-1', subdomain: 'web', containers: [{ image: 'luksa/kubia' }] },
    })
    expect(await messages(cluster)).toEqual(
      [0, 1, 2].map((n) => `Normal SuccessfulCreate: create Pod web-${n} in StatefulSet web successful`),
    )
    expect(stored(cluster).status).toEqual({
      observedGeneration: 1,
      replicas: 3,
      readyReplicas: 2,
      availableReplicas: 2,
      currentReplicas: 3,
      updatedReplicas: 3,
      currentRevision: updateRevision,
      updateRevision,
      collisionCount: 0,
    })
  })

  test('each when those before it have been ready for minReadySeconds', async () => {
    await using cluster = new TestCluster()
    await start(cluster, { minReadySeconds: 30 })
    cluster.setPod('web-0', { ready: true })
    await cluster.quiet()
    expect(await members(cluster)).toEqual(['web-0 ready'])
    expect(stored(cluster).status).toMatchObject({ readyReplicas: 1, availableReplicas: 0 })
    await cluster.pass(31_000)
    expect(await members(cluster)).toEqual(['web-0 ready', 'web-1'])
    expect(stored(cluster).status).toMatchObject({ readyReplicas: 1, availableReplicas: 1 })
  })

  test('all at once, where that is asked for', async () => {
    await using cluster = new TestCluster()
    await start(cluster, { podManagementPolicy: 'Parallel' })
    expect(await members(cluster)).toEqual(['web-0', 'web-1', 'web-2'])
  })

  test('from the ordinal to start with', async () => {
    await using cluster = new TestCluster()
    await start(cluster, { ordinals: { start: 7 }, replicas: 2 })
    await runPods(cluster)
    expect(await members(cluster)).toEqual(['web-7 ready', 'web-8 ready'])
  })

  test('without a place in DNS when no Service is named', async () => {
    await using cluster = new TestCluster()
    const { serviceName: _, ...spec } = statefulSet().spec
    await start(cluster)
    cluster.client.seed(StatefulSets, { ...statefulSet(), metadata: { name: 'db', namespace: 'default' }, spec })
    await cluster.quiet()
    expect(cluster.client.peek(Pods, 'default/db-0')?.spec).not.toHaveProperty('subdomain')
  })
})

describe('pods go in order', () => {
  test('the highest first, each when the one before is gone', async () => {
    await using cluster = new TestCluster()
    await start(cluster, slowly)
    await runPods(cluster)
    await change(cluster, { replicas: 1 })
    expect(await members(cluster)).toEqual(['web-0 ready', 'web-1 ready', 'web-2 ready going'])
    expect(stored(cluster).status).toMatchObject({ replicas: 3, currentReplicas: 2 })
    cluster.client.unseed(Pods, { namespace: 'default', name: 'web-2' })
    await cluster.quiet()
    expect(await members(cluster)).toEqual(['web-0 ready', 'web-1 ready going'])
    cluster.client.unseed(Pods, { namespace: 'default', name: 'web-1' })
    await cluster.quiet()
    expect(await members(cluster)).toEqual(['web-0 ready'])
    const deletions = (await messages(cluster)).filter((message) => message.includes('SuccessfulDelete'))
    const deletion = (n: number) => `Normal SuccessfulDelete: delete Pod web-${n} in StatefulSet web successful`
    expect(deletions).toEqual([deletion(2), deletion(1)])
  })

  test('one that is deleted by hand comes back under its name when it is gone, and not before', async () => {
    await using cluster = new TestCluster()
    await start(cluster, slowly)
    await runPods(cluster)
    const before = cluster.client.peek(Pods, 'default/web-1')
    await cluster.client.delete(Pods, { namespace: 'default', name: 'web-1' })
    await cluster.quiet()
    expect(await members(cluster)).toEqual(['web-0 ready', 'web-1 ready going', 'web-2 ready'])
    cluster.client.unseed(Pods, { namespace: 'default', name: 'web-1' })
    await cluster.quiet()
    expect(await members(cluster)).toEqual(['web-0 ready', 'web-1', 'web-2 ready'])
    expect(cluster.client.peek(Pods, 'default/web-1')?.metadata.uid).not.toBe(before?.metadata.uid)
  })
})

describe('an update', () => {
  test('goes from the last to the first, one by one, and is complete when all are ready', async () => {
    await using cluster = new TestCluster()
    await start(cluster, slowly)
    await runPods(cluster)
    const { currentRevision: first = '' } = stored(cluster).status ?? {}
    const mark = cluster.client.writes.length
    const template = { ...templateOfImage('luksa/kubia:v2'), metadata: slowMetadata }
    await change(cluster, { template })
    expect(await members(cluster)).toEqual(['web-0 ready', 'web-1 ready', 'web-2 ready going'])
    const { currentRevision, updateRevision = '' } = stored(cluster).status ?? {}
    expect(currentRevision).toBe(first)
    expect(updateRevision).not.toBe(first)
    await runPods(cluster)
    expect(await images(cluster)).toEqual([0, 1, 2].map((n) => `web-${n} luksa/kubia:v2`))
    const podWrites = cluster.client.writes.slice(mark).filter(({ resource }) => resource === 'pods')
    expect(podWrites.map(({ verb, key: name }) => `${verb} ${name}`)).toEqual(
      [2, 1, 0].flatMap((n) => [`delete default/web-${n}`, `create default/web-${n}`]),
    )
    expect(stored(cluster).status).toMatchObject({
      currentRevision: updateRevision,
      updateRevision,
      currentReplicas: 3,
      updatedReplicas: 3,
    })
    expect(await revisions(cluster)).toEqual([1, 2])
  })

  test('stops at the partition, whose pods come back as they were, and goes on when it is lowered', async () => {
    await using cluster = new TestCluster()
    const partition = (count: number) => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: count } } })
    await start(cluster, partition(2))
    await runPods(cluster)
    await change(cluster, { template: templateOfImage('v2') })
    await runPods(cluster)
    expect(await images(cluster)).toEqual(['web-0 luksa/kubia', 'web-1 luksa/kubia', 'web-2 v2'])
    expect(stored(cluster).status).toMatchObject({ currentReplicas: 2, updatedReplicas: 1 })
    cluster.client.unseed(Pods, { namespace: 'default', name: 'web-0' })
    await cluster.quiet()
    await runPods(cluster)
    expect(await images(cluster)).toEqual(['web-0 luksa/kubia', 'web-1 luksa/kubia', 'web-2 v2'])
    await change(cluster, partition(0))
    await runPods(cluster)
    expect(await images(cluster)).toEqual(['web-0 v2', 'web-1 v2', 'web-2 v2'])
  })

  test('waits for deletes with OnDelete', async () => {
    await using cluster = new TestCluster()
    await start(cluster, { updateStrategy: { type: 'OnDelete' } })
    await runPods(cluster)
    await change(cluster, { template: templateOfImage('v2') })
    await runPods(cluster)
    expect(await images(cluster)).toEqual([0, 1, 2].map((n) => `web-${n} luksa/kubia`))
    cluster.client.unseed(Pods, { namespace: 'default', name: 'web-0' })
    await cluster.quiet()
    await runPods(cluster)
    expect(await images(cluster)).toEqual(['web-0 v2', 'web-1 luksa/kubia', 'web-2 luksa/kubia'])
    expect(stored(cluster).status).toMatchObject({ updatedReplicas: 1, currentReplicas: 2 })
  })

  test('that is taken back uses the revision of before, under a new number', async () => {
    await using cluster = new TestCluster()
    await start(cluster)
    await runPods(cluster)
    const { currentRevision: first } = stored(cluster).status ?? {}
    await change(cluster, { template: templateOfImage('v2') })
    await runPods(cluster)
    await change(cluster, { template: templateOfImage('luksa/kubia') })
    await runPods(cluster)
    expect(stored(cluster).status).toMatchObject({ currentRevision: first, updateRevision: first })
    expect(await revisions(cluster)).toEqual([2, 3])
    expect(await images(cluster)).toEqual([0, 1, 2].map((n) => `web-${n} luksa/kubia`))
  })

  test('leaves as many revisions behind as are wanted', async () => {
    await using cluster = new TestCluster()
    await start(cluster, { revisionHistoryLimit: 1, replicas: 1 })
    for (const image of ['v2', 'v3', 'v4']) {
      await runPods(cluster)
      await change(cluster, { template: templateOfImage(image) })
    }
    await runPods(cluster)
    expect(await revisions(cluster)).toEqual([3, 4])
  })
})

describe('whose pods they are', () => {
  test('orphans with fitting name and labels are adopted and named; those that fit no longer are let go', async () => {
    await using cluster = new TestCluster()
    const labels = { app: 'kubia' }
    cluster.client.seed(Pods, ...['web-0', 'web-x', 'web-01'].map((name) => pod({ name, labels })))
    await start(cluster, { replicas: 1, updateStrategy: { type: 'OnDelete' } })
    const owners = (name: string) => cluster.client.peek(Pods, `default/${name}`)?.metadata.ownerReferences?.length ?? 0
    expect([owners('web-0'), owners('web-x'), owners('web-01')]).toEqual([1, 0, 0])
    expect(await messages(cluster)).toContain('Normal SuccessfulUpdate: update Pod web-0 in StatefulSet web successful')
    const named = cluster.client.peek(Pods, 'default/web-0')
    expect(named?.metadata.labels).toMatchObject({ 'apps.kubernetes.io/pod-index': '0' })
    cluster.setPod('web-0', { labels: { app: 'debug' } })
    await cluster.quiet()
    expect(owners('web-0')).toBe(0)
  })

  test('a name that somebody else has taken is waited for, and that is told', async () => {
    await using cluster = new TestCluster()
    cluster.client.seed(Pods, pod({ name: 'web-0', labels: { app: 'other' } }))
    await start(cluster, { replicas: 1 })
    expect(await messages(cluster)).toContainEqual(
      'Warning FailedCreate: create Pod web-0 in StatefulSet web failed error: pods "web-0" already exists',
    )
    cluster.client.unseed(Pods, { namespace: 'default', name: 'web-0' })
    await cluster.quiet()
    expect(cluster.client.peek(Pods, 'default/web-0')?.metadata.labels).toMatchObject({ app: 'kubia' })
  })
})

describe('trouble', () => {
  test('what the server refuses is told, and tried again', async () => {
    await using cluster = new TestCluster()
    cluster.client.failNext('create', Pods, new StatusError(403, 'Forbidden', 'exceeded quota'))
    await start(cluster)
    expect(await messages(cluster)).toEqual([
      'Warning FailedCreate: create Pod web-0 in StatefulSet web failed error: exceeded quota',
      'Normal SuccessfulCreate: create Pod web-0 in StatefulSet web successful',
    ])
    expect(await members(cluster)).toEqual(['web-0'])
  })

  test('answers that are lost make no second revision or pod', async () => {
    await using cluster = new TestCluster()
    const create = cluster.client.create.bind(cluster.client)
    const lost = new Set<string>()
    cluster.client.create = async (resource, draft, options) => {
      const object = await create(resource, draft, options)
      if (lost.has(resource.kind)) return object
      lost.add(resource.kind)
      throw new ConnectionError('connection reset')
    }
    await start(cluster)
    await runPods(cluster)
    expect(lost).toContain('ControllerRevision')
    expect(await members(cluster)).toEqual(['web-0 ready', 'web-1 ready', 'web-2 ready'])
    expect(cluster.writesTo(Pods).filter((verb) => verb === 'create')).toHaveLength(3)
    expect(await revisions(cluster)).toEqual([1])
  })

  test('a pod that failed is made anew', async () => {
    await using cluster = new TestCluster()
    await start(cluster, { replicas: 1 })
    const one = cluster.client.peek(Pods, 'default/web-0')
    if (one === undefined) throw new Error('no pod')
    cluster.client.seed(Pods, { ...one, status: { phase: 'Failed' } })
    await cluster.quiet()
    expect(cluster.writesTo(Pods)).toEqual(['create', 'delete', 'create'])
  })

  test('a set that is being deleted is left alone, but counted', async () => {
    await using cluster = new TestCluster()
    await start(cluster, { replicas: 2 })
    await runPods(cluster)
    const { metadata, ...set } = stored(cluster)
    cluster.client.seed(StatefulSets, { ...set, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:01Z' } })
    cluster.client.unseed(Pods, { namespace: 'default', name: 'web-1' })
    await cluster.quiet()
    expect(await members(cluster)).toEqual(['web-0 ready'])
    expect(stored(cluster).status).toMatchObject({ replicas: 1, readyReplicas: 1 })
  })

  test('nothing is written when all is as wanted', async () => {
    await using cluster = new TestCluster()
    await start(cluster)
    await runPods(cluster)
    const mark = cluster.client.calls.length
    const { metadata, ...set } = stored(cluster)
    cluster.client.seed(StatefulSets, { ...set, metadata: { ...metadata, annotations: { seen: 'yes' } } })
    await cluster.quiet()
    expect(cluster.client.calls.slice(mark)).toEqual([])
  })
})
