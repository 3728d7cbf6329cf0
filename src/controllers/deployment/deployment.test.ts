import { describe, expect, test } from 'vitest'
import { StatusError } from '../../api/errors.ts'
import { Deployments, type Deployment } from '../../api/kinds/deployment.ts'
import { Events } from '../../api/kinds/event.ts'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import { ReplicaSets, type ReplicaSet } from '../../api/kinds/replica-set.ts'
import { controllerOf } from '../../api/object.ts'
import { ConnectionError } from '../../client/client.ts'
import { TestCluster } from '../fixtures.ts'
import { isReady } from '../pod-status.ts'
import { replicaSetController } from '../replica-set.ts'
import { deploymentController } from './deployment.ts'
import { deployment, replicaSet, rollingUpdate, template, uid } from './fixtures.ts'
import { templateHash } from './template.ts'

const key = 'default/kubia'
const target = { namespace: 'default', name: 'kubia' }

/** A cluster with both controllers; its pods are ready at once unless `ready` is false. */
function start(cluster: TestCluster, object?: Deployment, { ready = true } = {}): void {
  const { client, clock, events } = cluster
  if (ready) runPods(cluster)
  if (object !== undefined) client.seed(Deployments, object)
  const caches = { replicaSets: cluster.cache(ReplicaSets), pods: cluster.cache(Pods) }
  cluster.run(
    replicaSetController({ ...caches, client, clock, events: events.recorder('replicaset-controller') }),
    deploymentController({
      ...caches,
      client,
      clock,
      deployments: cluster.cache(Deployments),
      events: events.recorder('deployment-controller'),
    }),
  )
}

function runPods(cluster: TestCluster): void {
  cluster.client.onChange(Pods, (_, pod) => {
    if (pod !== undefined && !isReady(pod)) cluster.setPod(pod.metadata.name, { ready: true, nodeName: 'node-1' })
  })
}

async function change(cluster: TestCluster, spec: object, annotations: object = {}): Promise<void> {
  const body = { metadata: { annotations }, spec }
  await cluster.client.patch(Deployments, target, { type: 'merge', body })
  await cluster.quiet()
}

const status = ({ client }: TestCluster) => client.peek(Deployments, key)?.status
const condition = (cluster: TestCluster, type: string) => status(cluster)?.conditions?.find((each) => each.type === type)
const setOf = ({ client }: TestCluster, text: string, collisions?: number) =>
  client.peek(ReplicaSets, `${key}-${templateHash(template(text), collisions)}`)
const annotation = (object: Deployment | ReplicaSet | undefined, name: string) =>
  object?.metadata.annotations?.[`deployment.kubernetes.io/${name}`]
const textsOfPods = ({ client }: TestCluster) =>
  client.peekAll(Pods).map((pod) => pod.spec.containers[0]?.env?.[0]?.value).toSorted()
/** What Events say of scaling, with the template in place of the ReplicaSet's name. */
const scalings = async (cluster: TestCluster, ...texts: string[]) =>
  (await cluster.all(Events))
    .filter(({ reason }) => reason === 'ScalingReplicaSet')
    .map(({ message = '' }) =>
      texts.reduce((said, text) => said.replace(`kubia-${templateHash(template(text), undefined)}`, text), message),
    )

test('a new Deployment gets a ReplicaSet, which gets its pods', async () => {
  await using cluster = new TestCluster()
  start(cluster, deployment({ meta: { annotations: { 'kubernetes.io/change-cause': 'why' } } }))
  await cluster.quiet()
  const hash = templateHash(template('v1'), undefined)
  const labels = { app: 'kubia', 'pod-template-hash': hash }
  expect(cluster.client.peekAll(ReplicaSets)).toEqual([
    expect.objectContaining({
      metadata: expect.objectContaining({
        name: `kubia-${hash}`,
        labels,
        annotations: {
          'deployment.kubernetes.io/desired-replicas': '3',
          'deployment.kubernetes.io/max-replicas': '4',
          'deployment.kubernetes.io/revision': '1',
          'kubernetes.io/change-cause': 'why',
        },
        ownerReferences: [
          { apiVersion: 'apps/v1', kind: 'Deployment', name: 'kubia', uid, controller: true, blockOwnerDeletion: true },
        ],
      }),
      spec: { replicas: 3, selector: { matchLabels: labels }, template: template('v1', { 'pod-template-hash': hash }) },
    }),
  ])
  expect(cluster.client.peekAll(Pods).map(({ metadata }) => metadata.labels)).toEqual([labels, labels, labels])
  expect(annotation(cluster.client.peek(Deployments, key), 'revision')).toBe('1')
  expect(status(cluster)).toMatchObject({ replicas: 3, updatedReplicas: 3, availableReplicas: 3 })
  expect(condition(cluster, 'Available')).toMatchObject({ status: 'True' })
  expect(condition(cluster, 'Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' })
  expect(await scalings(cluster, 'v1')).toEqual(['Scaled up replica set v1 from 0 to 3'])

  const mark = cluster.client.calls.length
  await cluster.quiet()
  expect(cluster.client.calls.slice(mark)).toEqual([])
})

test('another template is rolled out step by step, and back again', async () => {
  await using cluster = new TestCluster()
  start(cluster, deployment())
  await cluster.quiet()
  await change(cluster, { template: template('v2') })
  expect(textsOfPods(cluster)).toEqual(['v2', 'v2', 'v2'])
  expect(await scalings(cluster, 'v1', 'v2')).toEqual([
    'Scaled up replica set v1 from 0 to 3',
    'Scaled up replica set v2 from 0 to 1',
    'Scaled down replica set v1 from 3 to 2',
    'Scaled up replica set v2 from 1 to 2',
    'Scaled down replica set v1 from 2 to 1',
    'Scaled up replica set v2 from 2 to 3',
    'Scaled down replica set v1 from 1 to 0',
  ])
  expect(annotation(cluster.client.peek(Deployments, key), 'revision')).toBe('2')

  await change(cluster, { template: template('v1') })
  expect(textsOfPods(cluster)).toEqual(['v1', 'v1', 'v1'])
  expect(cluster.client.peekAll(ReplicaSets)).toHaveLength(2)
  expect(annotation(setOf(cluster, 'v1'), 'revision')).toBe('3')
  expect(annotation(setOf(cluster, 'v1'), 'revision-history')).toBe('1')
  expect(annotation(cluster.client.peek(Deployments, key), 'revision')).toBe('3')
  expect(condition(cluster, 'Progressing')?.message).toBe(
    `ReplicaSet "${setOf(cluster, 'v1')?.metadata.name}" has successfully progressed.`,
  )
})

test('a template that means the same is no other one', async () => {
  await using cluster = new TestCluster()
  start(cluster, deployment())
  await cluster.quiet()
  await change(cluster, { template: { spec: { ...template('v1').spec, dnsPolicy: 'ClusterFirst', volumes: [] } } })
  expect(cluster.client.peekAll(ReplicaSets)).toHaveLength(1)
})

test('replicas are changed in the present ReplicaSet', async () => {
  await using cluster = new TestCluster()
  start(cluster, deployment())
  await cluster.quiet()
  await change(cluster, { replicas: 5 })
  expect(await scalings(cluster, 'v1')).toContain('Scaled up replica set v1 from 3 to 5')
  expect(annotation(setOf(cluster, 'v1'), 'desired-replicas')).toBe('5')
  expect(status(cluster)).toMatchObject({ replicas: 5, availableReplicas: 5 })
  await change(cluster, { replicas: 0 })
  expect(await scalings(cluster, 'v1')).toContain('Scaled down replica set v1 from 5 to 0')
  expect(cluster.client.peekAll(Pods)).toEqual([])
})

test('annotations and minReadySeconds are passed on without a new template', async () => {
  await using cluster = new TestCluster()
  start(cluster, deployment())
  await cluster.quiet()
  await change(cluster, { minReadySeconds: 7 }, { 'kubernetes.io/change-cause': 'why' })
  const [set, ...others] = cluster.client.peekAll(ReplicaSets)
  expect(others).toEqual([])
  expect(set?.spec.minReadySeconds).toBe(7)
  expect(set?.metadata.annotations).toMatchObject({ 'kubernetes.io/change-cause': 'why' })
  expect(annotation(set, 'revision')).toBe('1')
})

describe('a paused Deployment', () => {
  test('keeps its template until it is resumed', async () => {
    await using cluster = new TestCluster()
    start(cluster, deployment())
    await cluster.quiet()
    await change(cluster, { paused: true, template: template('v2') })
    expect(textsOfPods(cluster)).toEqual(['v1', 'v1', 'v1'])
    expect(condition(cluster, 'Progressing')).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused' })
    expect(status(cluster)).toMatchObject({ observedGeneration: 2, replicas: 3 })
    await change(cluster, { paused: false })
    expect(textsOfPods(cluster)).toEqual(['v2', 'v2', 'v2'])
    expect(condition(cluster, 'Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' })
  })

  test('is scaled in proportion when it was in the middle of a rollout', async () => {
    await using cluster = new TestCluster()
    start(cluster, deployment({ replicas: 10, spec: { strategy: rollingUpdate(2, 2) } }), { ready: false })
    await cluster.quiet()
    for (const pod of cluster.client.peekAll(Pods)) ready(cluster, pod)
    await cluster.quiet()
    await change(cluster, { template: template('v2') })
    const sizes = () => ['v1', 'v2'].map((text) => setOf(cluster, text)?.spec.replicas)
    expect(sizes()).toEqual([8, 4])
    await change(cluster, { paused: true })
    await change(cluster, { replicas: 20 })
    expect(sizes()).toEqual([15, 7])
    expect(cluster.client.peekAll(Pods)).toHaveLength(22)
  })
})

describe('Recreate', () => {
  const strategy = { type: 'Recreate' } as const
  /** Pods that the node holds on to until `release`. */
  const held = (text: string) => ({ ...template(text), metadata: { ...template(text).metadata, finalizers: ['test/held'] } })
  const release = async ({ client }: TestCluster, pods: readonly Pod[]) => {
    for (const { metadata: { name } } of pods) {
      const body = { metadata: { finalizers: null } }
      await client.patch(Pods, { namespace: 'default', name }, { type: 'merge', body })
    }
  }

  test('makes new pods when all old ones have ended', async () => {
    await using cluster = new TestCluster()
    start(cluster, deployment({ spec: { strategy, template: held('v1') } }))
    await cluster.quiet()
    const [first, ...others] = cluster.client.peekAll(Pods)
    if (first === undefined) throw new Error('no pods')
    await change(cluster, { template: held('v2') })
    expect(textsOfPods(cluster)).toEqual(['v1', 'v1', 'v1'])
    await release(cluster, others)
    await cluster.quiet()
    expect(textsOfPods(cluster)).toEqual(['v1'])
    expect(cluster.client.peekAll(ReplicaSets)).toHaveLength(1)
    await release(cluster, [first])
    await cluster.quiet()
    expect(textsOfPods(cluster)).toEqual(['v2', 'v2', 'v2'])
    expect(status(cluster)).toMatchObject({ updatedReplicas: 3, availableReplicas: 3 })
  })
})

describe('a rollout that gets stuck', () => {
  test('is reported after its deadline, and when it goes on', async () => {
    await using cluster = new TestCluster()
    start(cluster, deployment({ spec: { progressDeadlineSeconds: 60 } }), { ready: false })
    await cluster.quiet()
    expect(condition(cluster, 'Available')).toMatchObject({ status: 'False', reason: 'MinimumReplicasUnavailable' })
    await cluster.pass(59_000)
    expect(condition(cluster, 'Progressing')).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated' })
    await cluster.pass(2_000)
    expect(condition(cluster, 'Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' })
    for (const pod of cluster.client.peekAll(Pods)) ready(cluster, pod)
    await cluster.quiet()
    expect(condition(cluster, 'Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' })
  })

  test('keeps the minimum of old pods', async () => {
    await using cluster = new TestCluster()
    start(cluster, deployment(), { ready: false })
    await cluster.quiet()
    for (const pod of cluster.client.peekAll(Pods)) ready(cluster, pod)
    await cluster.quiet()
    await change(cluster, { template: template('v2') })
    expect(textsOfPods(cluster)).toEqual(['v1', 'v1', 'v1', 'v2'])
    await change(cluster, { template: template('v3') })
    expect(textsOfPods(cluster)).toEqual(['v1', 'v1', 'v1', 'v3'])
  })
})

test('a pod counts when it has been ready for minReadySeconds', async () => {
  await using cluster = new TestCluster()
  start(cluster, deployment({ replicas: 1, spec: { minReadySeconds: 30 } }))
  await cluster.quiet()
  expect(status(cluster)).toMatchObject({ readyReplicas: 1, unavailableReplicas: 1 })
  await cluster.pass(31_000)
  expect(status(cluster)).toMatchObject({ readyReplicas: 1, availableReplicas: 1 })
})

test('old ReplicaSets beyond the limit are deleted when all is done', async () => {
  await using cluster = new TestCluster()
  start(cluster, deployment({ spec: { revisionHistoryLimit: 1 } }))
  await cluster.quiet()
  for (const text of ['v2', 'v3', 'v4']) await change(cluster, { template: template(text) })
  const texts = ['v1', 'v2', 'v3', 'v4'].filter((text) => setOf(cluster, text) !== undefined)
  expect(texts).toEqual(['v3', 'v4'])
})

describe('a ReplicaSet', () => {
  const orphan = (text: string, replicas: number) => {
    const { ownerReferences: _, ...metadata } = replicaSet(text, replicas).metadata
    return { ...replicaSet(text, replicas), metadata: { ...metadata, generation: 1 } }
  }

  test('that matches and has no controller is adopted, whatever its name', async () => {
    await using cluster = new TestCluster()
    cluster.client.seed(ReplicaSets, orphan('v1', 3), orphan('v0', 2))
    start(cluster, deployment())
    await cluster.quiet()
    const sets = cluster.client.peekAll(ReplicaSets)
    expect(sets.map((set) => [set.metadata.name, controllerOf(set)?.uid, set.spec.replicas])).toEqual([
      ['kubia-v0', uid, 0],
      ['kubia-v1', uid, 3],
    ])
    expect(condition(cluster, 'Progressing')).toMatchObject({ reason: 'NewReplicaSetAvailable' })
  })

  test('that matches no longer is released', async () => {
    await using cluster = new TestCluster()
    start(cluster, deployment())
    await cluster.quiet()
    const { metadata: { name = '' } = {} } = setOf(cluster, 'v1') ?? {}
    const body = { metadata: { labels: { app: 'other' } } }
    await cluster.client.patch(ReplicaSets, { namespace: 'default', name }, { type: 'merge', body })
    await cluster.quiet()
    expect(cluster.client.peek(ReplicaSets, `default/${name}`)?.metadata.ownerReferences).toEqual([])
    // Its name is taken.
    expect(status(cluster)?.collisionCount).toBe(1)
    expect(setOf(cluster, 'v1', 1)?.spec.replicas).toBe(3)
  })

  test('of another owner is left alone, and where it is in the way another name is taken', async () => {
    await using cluster = new TestCluster()
    const foreign = replicaSet('v9', 0, { meta: { labels: {}, ownerReferences: [] } })
    for (const collisions of [undefined, 1]) {
      const name = `kubia-${templateHash(template('v1'), collisions)}`
      cluster.client.seed(ReplicaSets, { ...foreign, metadata: { ...foreign.metadata, name, uid: name } })
    }
    start(cluster, deployment())
    await cluster.quiet()
    expect(status(cluster)?.collisionCount).toBe(2)
    expect(setOf(cluster, 'v1', 2)?.spec.replicas).toBe(3)
    expect(cluster.client.peekAll(ReplicaSets)).toHaveLength(3)
  })

  test('that is deleted is made again', async () => {
    await using cluster = new TestCluster()
    start(cluster, deployment())
    await cluster.quiet()
    const { metadata: { name = '' } = {} } = setOf(cluster, 'v1') ?? {}
    cluster.client.unseed(ReplicaSets, { namespace: 'default', name })
    await cluster.quiet()
    expect(setOf(cluster, 'v1')?.spec.replicas).toBe(3)
  })
})

describe('a failure', () => {
  test('to create the ReplicaSet is told, and it is tried again', async () => {
    await using cluster = new TestCluster()
    cluster.client.failNext('create', ReplicaSets, new StatusError(403, 'Forbidden', 'exceeded quota'))
    const seen: unknown[] = []
    cluster.client.onChange(Deployments, (_, next) => seen.push(next?.status?.conditions?.[0]))
    start(cluster, deployment())
    await cluster.quiet()
    const reason = 'ReplicaSetCreateError'
    const message = `Failed to create new replica set "${setOf(cluster, 'v1')?.metadata.name}": exceeded quota`
    expect(seen).toContainEqual(expect.objectContaining({ status: 'False', reason, message }))
    expect(await cluster.all(Events)).toContainEqual(expect.objectContaining({ type: 'Warning', reason, message }))
    expect(condition(cluster, 'Progressing')).toMatchObject({ reason: 'NewReplicaSetAvailable' })
  })

  test('to create pods is told of the Deployment too', async () => {
    await using cluster = new TestCluster()
    for (let time = 0; time < 3; time += 1) {
      cluster.client.failNext('create', Pods, new StatusError(403, 'Forbidden', 'exceeded quota'))
    }
    const seen: unknown[] = []
    cluster.client.onChange(Deployments, (_, next) => seen.push(...(next?.status?.conditions ?? [])))
    start(cluster, deployment())
    await cluster.quiet()
    const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' }
    expect(seen).toContainEqual(expect.objectContaining(failure))
    expect(condition(cluster, 'ReplicaFailure')).toBeUndefined()
  })

  test('in a namespace that goes away is none', async () => {
    await using cluster = new TestCluster()
    const details = { causes: [{ reason: 'NamespaceTerminating', message: '' }] }
    cluster.client.failNext('create', ReplicaSets, new StatusError(403, 'Forbidden', 'terminating', details))
    start(cluster, deployment())
    await cluster.quiet()
    expect(await cluster.all(Events)).toEqual([])
    expect(cluster.writesTo(ReplicaSets)).toEqual(['create'])
  })
})

describe('nothing is made twice', () => {
  test('when the answer to a create is lost', async () => {
    await using cluster = new TestCluster()
    const { client } = cluster
    const create = client.create.bind(client)
    let lost = false
    client.create = async (resource, ...rest) => {
      const object = await create(resource, ...rest)
      if (lost || object.kind !== 'ReplicaSet') return object
      lost = true
      throw new ConnectionError('connection reset')
    }
    start(cluster, deployment())
    await cluster.quiet()
    expect(lost).toBe(true)
    expect(cluster.client.peekAll(ReplicaSets)).toHaveLength(1)
    expect(cluster.client.peekAll(Pods)).toHaveLength(3)
    expect(status(cluster)).not.toHaveProperty('collisionCount')
  })

  test('when the controllers start again in the middle of a rollout', async () => {
    const first = new TestCluster()
    start(first, deployment(), { ready: false })
    await first.quiet()
    for (const pod of first.client.peekAll(Pods)) ready(first, pod)
    await first.quiet()
    await change(first, { template: template('v2') })
    await first[Symbol.asyncDispose]()

    await using second = new TestCluster()
    second.client.seed(Deployments, ...first.client.peekAll(Deployments))
    second.client.seed(ReplicaSets, ...first.client.peekAll(ReplicaSets))
    second.client.seed(Pods, ...first.client.peekAll(Pods))
    const written = second.client.writes.length
    start(second, undefined, { ready: false })
    await second.quiet()
    expect(second.client.writes.slice(written)).toEqual([])
    runPods(second)
    for (const pod of second.client.peekAll(Pods)) ready(second, pod)
    await second.quiet()
    expect(textsOfPods(second)).toEqual(['v2', 'v2', 'v2'])
    expect(second.client.peekAll(ReplicaSets)).toHaveLength(2)
  })
})

function ready(cluster: TestCluster, { metadata }: Pod): void {
  cluster.setPod(metadata.name, { ready: true, nodeName: 'node-1' })
}
