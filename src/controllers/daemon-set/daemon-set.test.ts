import { describe, expect, test } from 'vitest'
import { StatusError } from '../../api/errors.ts'
import { ControllerRevisions } from '../../api/kinds/controller-revision.ts'
import { DaemonSets, type DaemonSet } from '../../api/kinds/daemon-set.ts'
import { Events } from '../../api/kinds/event.ts'
import { Nodes } from '../../api/kinds/node.ts'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import { ConnectionError } from '../../client/client.ts'
import { node, pod, TestCluster } from '../fixtures.ts'
import { daemonSet, templateOfImage } from '../set-fixtures.ts'
import { daemonSetController } from './daemon-set.ts'
import { targetNodeOf } from './daemon-pod.ts'

const key = 'default/agent'

async function start(cluster: TestCluster, spec: Partial<DaemonSet['spec']> = {}): Promise<void> {
  cluster.client.seed(DaemonSets, daemonSet(spec))
  cluster.run(
    daemonSetController({
      client: cluster.client,
      daemonSets: cluster.cache(DaemonSets),
      controllerRevisions: cluster.cache(ControllerRevisions),
      pods: cluster.cache(Pods),
      nodes: cluster.cache(Nodes),
      events: cluster.events.recorder('daemonset-controller'),
      clock: cluster.clock,
    }),
  )
  await cluster.quiet()
}

function stored(cluster: TestCluster): DaemonSet {
  const set = cluster.client.peek(DaemonSets, key)
  if (set === undefined) throw new Error('no set')
  return set
}

async function change(cluster: TestCluster, spec: Partial<DaemonSet['spec']>): Promise<void> {
  const { metadata, ...set } = stored(cluster)
  const generation = (metadata.generation ?? 0) + 1
  cluster.client.seed(DaemonSets, { ...set, metadata: { ...metadata, generation }, spec: { ...set.spec, ...spec } })
  await cluster.quiet()
}

/** `node-1 luksa/kubia` */
async function placed(cluster: TestCluster): Promise<readonly string[]> {
  const pods = await cluster.all(Pods)
  return pods.map((each) => `${targetNodeOf(each)} ${each.spec.containers[0]?.image}`).sort()
}

/** Does what the scheduler and an agent do for every pod that waits. */
async function runPods(cluster: TestCluster): Promise<void> {
  for (let before = -1; before !== cluster.client.writes.length; ) {
    before = cluster.client.writes.length
    for (const each of await cluster.all(Pods)) {
      const nodeName = targetNodeOf(each)
      if (nodeName !== undefined) cluster.setPod(each.metadata.name, { ready: true, nodeName })
    }
    await cluster.quiet()
  }
}

async function podOn(cluster: TestCluster, nodeName: string): Promise<Pod> {
  const found = (await cluster.all(Pods)).find((each) => targetNodeOf(each) === nodeName)
  if (found === undefined) throw new Error(`no pod on ${nodeName}`)
  return found
}

async function fail(cluster: TestCluster, nodeName: string): Promise<void> {
  const failing = await podOn(cluster, nodeName)
  cluster.client.seed(Pods, { ...failing, status: { phase: 'Failed' } })
  await cluster.quiet()
}

async function messages(cluster: TestCluster): Promise<readonly string[]> {
  return (await cluster.all(Events)).map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
}

const images = (image: string, ...nodes: number[]) => nodes.map((number) => `node-${number} ${image}`)

describe('a pod on every node', () => {
  test('is made for it, and the status counts', async () => {
    await using cluster = new TestCluster()
    cluster.addNodes('node-1', 'node-2')
    await start(cluster)
    expect(await placed(cluster)).toEqual(images('luksa/kubia', 1, 2))
    const [revision] = await cluster.all(ControllerRevisions)
    const hash = revision?.metadata.labels?.['controller-revision-hash']
    const pods = await cluster.all(Pods)
    for (const { metadata } of pods) {
      expect(metadata.name).toMatch(/^agent-\w{5}$/)
      expect(metadata.labels).toEqual({ app: 'kubia', 'controller-revision-hash': hash, 'pod-template-generation': '1' })
      expect(metadata.ownerReferences).toMatchObject([{ kind: 'DaemonSet', name: 'agent', controller: true }])
    }
    expect(await messages(cluster)).toEqual(
      pods.map(({ metadata }) => `Normal SuccessfulCreate: Created pod: ${metadata.name}`),
    )
    expect(stored(cluster).status).toEqual({
      desiredNumberScheduled: 2,
      currentNumberScheduled: 2,
      numberMisscheduled: 0,
      numberReady: 0,
      updatedNumberScheduled: 2,
      numberUnavailable: 2,
      observedGeneration: 1,
    })
    await runPods(cluster)
    expect(stored(cluster).status).toMatchObject({ numberReady: 2, numberAvailable: 2 })
    expect(stored(cluster).status).not.toHaveProperty('numberUnavailable')
  })

  test('comes with the node, and goes with what made the node fit', async () => {
    await using cluster = new TestCluster()
    cluster.client.seed(Nodes, node({ name: 'node-1', labels: { disk: 'ssd' } }), node({ name: 'node-2' }))
    const { metadata, spec } = templateOfImage('busybox')
    await start(cluster, { template: { metadata, spec: { ...spec, nodeSelector: { disk: 'ssd' } } } })
    expect(await placed(cluster)).toEqual(images('busybox', 1))
    cluster.client.seed(Nodes, node({ name: 'node-3', labels: { disk: 'ssd' } }))
    await cluster.quiet()
    expect(await placed(cluster)).toEqual(images('busybox', 1, 3))
    await runPods(cluster)
    cluster.client.seed(Nodes, node({ name: 'node-1' }), node({ name: 'node-2', labels: { disk: 'ssd' } }))
    await cluster.quiet()
    expect(await placed(cluster)).toEqual(images('busybox', 2, 3))
    const deletions = (await messages(cluster)).filter((message) => message.includes('SuccessfulDelete'))
    expect(deletions).toEqual([expect.stringMatching(/^Normal SuccessfulDelete: Deleted pod: agent-\w{5}$/)])
  })

  test('goes when its node is gone before it got there', async () => {
    await using cluster = new TestCluster()
    cluster.addNodes('node-1', 'node-2')
    await start(cluster)
    cluster.client.unseed(Nodes, { name: 'node-2' })
    await cluster.quiet()
    expect(await placed(cluster)).toEqual(images('luksa/kubia', 1))
    expect(stored(cluster).status).toMatchObject({ desiredNumberScheduled: 1, currentNumberScheduled: 1 })
  })

  test('is adopted if it fits, and let go if its labels change', async () => {
    await using cluster = new TestCluster()
    cluster.addNodes('node-1')
    cluster.client.seed(Pods, pod({ name: 'orphan' }))
    await start(cluster, { updateStrategy: { type: 'OnDelete' } })
    const owners = () => cluster.client.peek(Pods, 'default/orphan')?.metadata.ownerReferences?.length ?? 0
    expect([owners(), (await cluster.all(Pods)).length]).toEqual([1, 1])
    cluster.setPod('orphan', { labels: { app: 'debug' } })
    await cluster.quiet()
    expect([owners(), (await cluster.all(Pods)).length]).toEqual([0, 2])
  })

  test('is as many as the answers that were lost', async () => {
    await using cluster = new TestCluster()
    cluster.addNodes('node-1', 'node-2', 'node-3')
    const create = cluster.client.create.bind(cluster.client)
    const lost = new Set<string>()
    cluster.client.create = async (resource, draft, options) => {
      const object = await create(resource, draft, options)
      if (lost.has(resource.kind)) return object
      lost.add(resource.kind)
      throw new ConnectionError('connection reset')
    }
    await start(cluster)
    expect(await placed(cluster)).toEqual(images('luksa/kubia', 1, 2, 3))
    expect(cluster.writesTo(Pods)).toEqual(['create', 'create', 'create'])
    expect(cluster.writesTo(ControllerRevisions)).toEqual(['create'])
  })
})

describe('a new template', () => {
  test('takes the nodes one after the other', async () => {
    await using cluster = new TestCluster()
    cluster.addNodes('node-1', 'node-2', 'node-3')
    await start(cluster)
    await runPods(cluster)
    await change(cluster, { template: templateOfImage('v2') })
    expect(await placed(cluster)).toEqual([...images('v2', 1), ...images('luksa/kubia', 2, 3)])
    expect(stored(cluster).status).toMatchObject({ updatedNumberScheduled: 1, numberAvailable: 2, observedGeneration: 2 })
    await runPods(cluster)
    expect(await placed(cluster)).toEqual(images('v2', 1, 2, 3))
    expect(stored(cluster).status).toMatchObject({ updatedNumberScheduled: 3, numberAvailable: 3 })
  })

  test('comes beside the old one where that is asked for', async () => {
    await using cluster = new TestCluster()
    cluster.addNodes('node-1', 'node-2')
    await start(cluster, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } })
    await runPods(cluster)
    await change(cluster, { template: templateOfImage('v2') })
    expect(await placed(cluster)).toEqual([...images('luksa/kubia', 1), ...images('v2', 1), ...images('luksa/kubia', 2)])
    await runPods(cluster)
    expect(await placed(cluster)).toEqual(images('v2', 1, 2))
  })

  test('waits for deletes with OnDelete', async () => {
    await using cluster = new TestCluster()
    cluster.addNodes('node-1', 'node-2')
    await start(cluster, { updateStrategy: { type: 'OnDelete' } })
    await runPods(cluster)
    await change(cluster, { template: templateOfImage('v2') })
    expect(await placed(cluster)).toEqual(images('luksa/kubia', 1, 2))
    const { metadata } = await podOn(cluster, 'node-2')
    cluster.client.unseed(Pods, { namespace: 'default', name: metadata.name })
    await cluster.quiet()
    expect(await placed(cluster)).toEqual([...images('luksa/kubia', 1), ...images('v2', 2)])
  })

  test('waits until the pod before has been ready for minReadySeconds', async () => {
    await using cluster = new TestCluster()
    cluster.addNodes('node-1', 'node-2')
    await start(cluster, { minReadySeconds: 30 })
    await runPods(cluster)
    await cluster.pass(31_000)
    expect(stored(cluster).status).toMatchObject({ numberAvailable: 2 })
    await change(cluster, { template: templateOfImage('v2') })
    const { metadata } = await podOn(cluster, 'node-1')
    const ready = { type: 'Ready', status: 'True', lastTransitionTime: cluster.clock.now().toISOString() }
    const young = await podOn(cluster, 'node-1')
    cluster.client.seed(Pods, { ...young, status: { phase: 'Running', conditions: [ready] } })
    await cluster.quiet()
    expect(await placed(cluster)).toEqual([...images('v2', 1), ...images('luksa/kubia', 2)].sort())
    expect((await podOn(cluster, 'node-1')).metadata.uid).toBe(metadata.uid)
    await cluster.pass(31_000)
    expect(await placed(cluster)).toEqual(images('v2', 1, 2))
  })

  test('leaves its history: as long as is wanted, and a rollback is the newest', async () => {
    await using cluster = new TestCluster()
    cluster.addNodes('node-1')
    await start(cluster, { revisionHistoryLimit: 2 })
    for (const image of ['v2', 'v3', 'v4', 'v3']) {
      await runPods(cluster)
      await change(cluster, { template: templateOfImage(image) })
    }
    await runPods(cluster)
    const numbers = (await cluster.all(ControllerRevisions)).map(({ revision }) => revision).sort()
    expect(numbers).toEqual([2, 4, 5])
    expect(await placed(cluster)).toEqual(images('v3', 1))
  })
})

describe('trouble', () => {
  test('a pod that failed is replaced, at once the first time and later each time after', async () => {
    await using cluster = new TestCluster()
    cluster.addNodes('node-1')
    await start(cluster)
    const first = await podOn(cluster, 'node-1')
    await fail(cluster, 'node-1')
    const second = await podOn(cluster, 'node-1')
    expect(second.metadata.uid).not.toBe(first.metadata.uid)
    expect(await messages(cluster)).toContainEqual(
      `Warning FailedDaemonPod: Found failed daemon pod default/${first.metadata.name} on node node-1, will try to kill it`,
    )
    await fail(cluster, 'node-1')
    expect((await podOn(cluster, 'node-1')).metadata.uid).toBe(second.metadata.uid)
    await cluster.pass(1_000)
    expect((await podOn(cluster, 'node-1')).metadata.uid).not.toBe(second.metadata.uid)
  })

  test('a pod that succeeded is replaced', async () => {
    await using cluster = new TestCluster()
    cluster.addNodes('node-1')
    await start(cluster)
    const first = await podOn(cluster, 'node-1')
    cluster.client.seed(Pods, { ...first, status: { phase: 'Succeeded' } })
    await cluster.quiet()
    expect((await podOn(cluster, 'node-1')).metadata.uid).not.toBe(first.metadata.uid)
    const where = `default/${first.metadata.name} on node node-1`
    expect(await messages(cluster)).toContain(
      `Normal SucceededDaemonPod: Found succeeded daemon pod ${where}, will try to delete it`,
    )
  })

  test('what the server refuses is told, and tried again', async () => {
    await using cluster = new TestCluster()
    cluster.addNodes('node-1')
    cluster.client.failNext('create', Pods, new StatusError(403, 'Forbidden', 'exceeded quota'))
    await start(cluster)
    expect(await messages(cluster)).toContain('Warning FailedCreate: Error creating: exceeded quota')
    expect(await placed(cluster)).toEqual(images('luksa/kubia', 1))
  })

  test('nothing is written when all is as wanted, and nothing at all while the set is being deleted', async () => {
    await using cluster = new TestCluster()
    cluster.addNodes('node-1')
    await start(cluster)
    await runPods(cluster)
    const mark = cluster.client.calls.length
    const { metadata, ...set } = stored(cluster)
    const annotations = { ...metadata.annotations, seen: 'yes' }
    cluster.client.seed(DaemonSets, { ...set, metadata: { ...metadata, annotations } })
    await cluster.quiet()
    cluster.client.seed(DaemonSets, { ...set, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:01Z' } })
    cluster.addNodes('node-2')
    await cluster.quiet()
    expect(cluster.client.calls.slice(mark)).toEqual([])
  })
})
