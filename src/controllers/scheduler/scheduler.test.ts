import { expect, test } from 'vitest'
import { StatusError } from '../../api/errors.ts'
import { Events } from '../../api/kinds/event.ts'
import { Namespaces } from '../../api/kinds/namespace.ts'
import { Nodes } from '../../api/kinds/node.ts'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import { Services } from '../../api/kinds/service.ts'
import { node, pod, TestCluster } from '../fixtures.ts'
import { decide } from './decide.ts'
import { schedulerController } from './scheduler.ts'
import { namespace } from './test-view.ts'

/** Counts how often a place was looked for. */
interface Effort {
  decisions: number
}

function start(cluster: TestCluster): Effort {
  const { client, clock } = cluster
  const effort: Effort = { decisions: 0 }
  const controller = schedulerController({
    client,
    clock,
    events: cluster.events.recorder('default-scheduler'),
    pods: cluster.cache(Pods),
    nodes: cluster.cache(Nodes),
    namespaces: cluster.cache(Namespaces),
    services: cluster.cache(Services),
    decidePlace: (info, view) => {
      effort.decisions += 1
      return decide(info, view)
    },
  })
  cluster.run(controller)
  return effort
}

const waiting = (name: string, spec: Partial<Pod['spec']> = {}) => pod({ name, nodeName: '', ready: false, spec })
const needing = (cpu: string) => ({ containers: [{ name: 'main', resources: { requests: { cpu } } }] })
const hostPort = { containers: [{ name: 'main', ports: [{ containerPort: 80, hostPort: 80 }] }] }
interface Selector {
  matchLabels: Record<string, string>
}
const zoneTerm = (labelSelector: Selector, namespaceSelector?: Selector) => ({
  topologyKey: 'zone',
  labelSelector,
  ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
})
const near = (...selectors: Parameters<typeof zoneTerm>): Partial<Pod['spec']> => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [zoneTerm(...selectors)] } },
})
const apart = (...selectors: Parameters<typeof zoneTerm>): Partial<Pod['spec']> => ({
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [zoneTerm(...selectors)] } },
})
const nodeOf = (cluster: TestCluster, name: string) => cluster.client.peek(Pods, `default/${name}`)?.spec.nodeName
const messages = async (cluster: TestCluster) => (await cluster.all(Events)).map(
  ({ reason, message }) => `${reason}: ${message}`,
)

test('binds a pod with one write and says where', async () => {
  await using cluster = new TestCluster()
  cluster.addNodes('node-1')
  start(cluster)
  await cluster.quiet()
  cluster.client.seed(Pods, waiting('web'))
  await cluster.quiet()
  expect(nodeOf(cluster, 'web')).toBe('node-1')
  expect(cluster.writesTo(Pods)).toEqual(['createSubresource binding'])
  expect(await messages(cluster)).toEqual(['Scheduled: Successfully assigned default/web to node-1'])
})

test('does not give the same room away twice, though its choices are not in the cache yet', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(
    Nodes,
    ...['a', 'b', 'c'].map((name) => node({ name, allocatable: { cpu: '1', memory: '1Gi', pods: '9' } })),
  )
  cluster.client.seed(Pods, ...['1', '2', '3', '4'].map((name) => waiting(name, needing('600m'))))
  start(cluster)
  await cluster.quiet()
  const nodes = ['1', '2', '3', '4'].map((name) => nodeOf(cluster, name))
  expect(nodes.filter((name) => name !== undefined).sort()).toEqual(['a', 'b', 'c'])
})

test('says why a pod fits nowhere, once, and places it as soon as there is room', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Nodes, node({ allocatable: { cpu: '1', memory: '1Gi', pods: '9' } }))
  cluster.client.seed(Pods, pod({ name: 'big', spec: needing('800m') }), waiting('web', needing('500m')))
  start(cluster)
  await cluster.quiet()
  const message =
    '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: ' +
    '1 No preemption victims found for incoming pod.'
  const web = cluster.client.peek(Pods, 'default/web')
  expect(web?.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }),
  )
  expect(await messages(cluster)).toEqual([`FailedScheduling: ${message}`])
  expect(cluster.writesTo(Pods)).toEqual(['patch status'])

  cluster.client.unseed(Pods, { namespace: 'default', name: 'big' })
  await cluster.quiet()
  expect(nodeOf(cluster, 'web')).toBe('node-1')
})

for (const { name, spec, on = node(), here = [], change } of [
  {
    name: 'a node gets the label that is wanted',
    spec: { nodeSelector: { disk: 'ssd' } },
    change: (cluster) => cluster.client.seed(Nodes, node({ labels: { disk: 'ssd' } })),
  },
  {
    name: 'a taint is taken away',
    on: node({ spec: { taints: [{ key: 'dedicated', effect: 'NoSchedule' }] } }),
    spec: {},
    change: (cluster) => cluster.client.seed(Nodes, node()),
  },
  {
    name: 'the one ends that has the host port',
    here: [pod({ name: 'other', spec: hostPort })],
    spec: hostPort,
    change: (cluster) => cluster.client.seed(Pods, pod({ name: 'other', spec: hostPort, status: { phase: 'Succeeded' } })),
  },
  {
    name: 'company comes',
    on: node({ labels: { zone: 'a' } }),
    spec: near({ matchLabels: { app: 'db' } }),
    change: (cluster) => cluster.client.seed(Pods, pod({ name: 'db', labels: { app: 'db' } })),
  },
  {
    name: 'bad company is relabelled',
    on: node({ labels: { zone: 'a' } }),
    here: [pod({ name: 'noise', labels: { app: 'noise' } })],
    spec: apart({ matchLabels: { app: 'noise' } }),
    change: (cluster) => cluster.setPod('noise', { labels: { app: 'quiet' } }),
  },
  {
    name: 'the namespace of company is labelled',
    on: node({ labels: { zone: 'a' } }),
    here: [pod({ name: 'db', labels: { app: 'db' }, meta: { namespace: 'other' } })],
    spec: near({ matchLabels: { app: 'db' } }, { matchLabels: { team: 'blue' } }),
    change: (cluster) => cluster.client.seed(Namespaces, namespace('other', { team: 'blue' })),
  },
  {
    name: 'it tolerates more itself',
    on: node({ spec: { taints: [{ key: 'dedicated', effect: 'NoSchedule' }] } }),
    spec: {},
    change: (cluster) => cluster.client.seed(Pods, waiting('web', { tolerations: [{ operator: 'Exists' }] })),
  },
] satisfies {
  name: string
  spec: Partial<Pod['spec']>
  on?: ReturnType<typeof node>
  here?: Pod[]
  change: (cluster: TestCluster) => void
}[]) {
  test(`a pod that fitted nowhere is placed as soon as ${name}`, async () => {
    await using cluster = new TestCluster()
    cluster.client.seed(Namespaces, namespace('default'), namespace('other'))
    cluster.client.seed(Nodes, on)
    cluster.client.seed(Pods, ...here, waiting('web', spec))
    start(cluster)
    await cluster.quiet()
    expect(nodeOf(cluster, 'web')).toBeUndefined()
    change(cluster)
    await cluster.quiet()
    expect(nodeOf(cluster, 'web')).toBe('node-1')
  })
}

for (const { name, change } of [
  { name: 'a node comes', change: (cluster: TestCluster) => cluster.addNodes('node-2') },
  {
    name: 'a node becomes ready',
    change: (cluster: TestCluster) => cluster.client.seed(Nodes, node({ name: 'node-1' })),
  },
]) {
  test(`tries again when ${name}`, async () => {
    await using cluster = new TestCluster()
    cluster.client.seed(Nodes, node({ name: 'node-1', ready: 'False' }))
    cluster.client.seed(Pods, waiting('web'))
    start(cluster)
    await cluster.quiet()
    expect(nodeOf(cluster, 'web')).toBeUndefined()
    change(cluster)
    await cluster.quiet()
    expect(nodeOf(cluster, 'web')).toBeDefined()
  })
}

test('tries again after a failed binding, and lets go when another was faster', async () => {
  await using cluster = new TestCluster()
  cluster.addNodes('node-1')
  cluster.client.failNext('createSubresource', Pods, new StatusError(500, 'InternalError', 'try later'))
  cluster.client.seed(Pods, waiting('web'))
  start(cluster)
  await cluster.quiet()
  expect(nodeOf(cluster, 'web')).toBe('node-1')
  expect(cluster.writesTo(Pods)).toEqual(['createSubresource binding', 'createSubresource binding'])

  cluster.client.failNext('createSubresource', Pods, new StatusError(409, 'Conflict', 'is already assigned'))
  cluster.client.seed(Pods, waiting('other'))
  await cluster.quiet()
  expect(cluster.writesTo(Pods)).toHaveLength(3)
})

test('a place that was not taken after all is there for another', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Nodes, node({ allocatable: { cpu: '1', memory: '1Gi', pods: '1' } }))
  cluster.client.failNext('createSubresource', Pods, new StatusError(404, 'NotFound', 'pods "first" not found'))
  cluster.client.seed(Pods, waiting('first', { priority: 1 }), waiting('second'))
  start(cluster)
  await cluster.quiet()
  expect([nodeOf(cluster, 'first'), nodeOf(cluster, 'second')]).toEqual([undefined, 'node-1'])
})

test('leaves pods alone that are not its own, gated or going', async () => {
  await using cluster = new TestCluster()
  cluster.addNodes('node-1')
  cluster.client.seed(
    Pods,
    waiting('mine-not', { schedulerName: 'other' }),
    waiting('gated', { schedulingGates: [{ name: 'wait' }] }),
    pod({ name: 'going', nodeName: '', meta: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
    pod({ name: 'ended', nodeName: '', status: { phase: 'Failed' } }),
  )
  start(cluster)
  await cluster.quiet()
  expect(cluster.client.writes).toEqual([])
})

test('the most important of those that wait goes first', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Nodes, node({ allocatable: { cpu: '1', memory: '1Gi', pods: '1' } }))
  cluster.client.seed(Pods, ...[1, 7, 3].map((priority) => waiting(`p${priority}`, { priority })))
  start(cluster)
  await cluster.quiet()
  expect(['p1', 'p7', 'p3'].filter((name) => nodeOf(cluster, name) !== undefined)).toEqual(['p7'])
})

test('pods that are placed together see one another', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Nodes, ...['a', 'b', 'c'].map((name) => node({ name, labels: { zone: name } })))
  const spec = apart({ matchLabels: { app: 'kubia' } })
  cluster.client.seed(Pods, ...['1', '2', '3', '4'].map((name) => waiting(name, spec)))
  start(cluster)
  await cluster.quiet()
  expect(['1', '2', '3', '4'].map((name) => nodeOf(cluster, name) ?? '').sort()).toEqual(['', 'a', 'b', 'c'])
  expect((await messages(cluster)).filter((message) => message.startsWith('Failed'))).toEqual([
    "FailedScheduling: 0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules. no new claims to " +
      'deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.',
  ])
})

test('a pod whose last gate is opened is placed', async () => {
  await using cluster = new TestCluster()
  cluster.addNodes('node-1')
  cluster.client.seed(Pods, waiting('web', { schedulingGates: [{ name: 'wait' }] }))
  start(cluster)
  await cluster.quiet()
  expect(cluster.client.writes).toEqual([])
  cluster.client.seed(Pods, waiting('web'))
  await cluster.quiet()
  expect(nodeOf(cluster, 'web')).toBe('node-1')
})

test('a thousand equal pods that wait are one question, and so is each change', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Nodes, ...['a', 'b'].map((name) => node({ name, allocatable: { cpu: '1', memory: '1Gi', pods: '9' } })))
  cluster.client.seed(Pods, pod({ name: 'x', nodeName: 'a', spec: needing('1') }), pod({ name: 'y', nodeName: 'b', spec: needing('1') }))
  cluster.client.seed(Pods, ...Array.from({ length: 1000 }, (_, at) => waiting(`p${at}`, needing('1'))))
  const effort = start(cluster)
  await cluster.quiet()
  const told = (await cluster.all(Pods)).filter(({ status }) =>
    status?.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable'),
  )
  expect(told).toHaveLength(1000)
  expect(effort.decisions).toBe(1)

  cluster.client.unseed(Pods, { namespace: 'default', name: 'x' })
  await cluster.quiet()
  // One that fits, and one that finds that there is no room for more.
  expect(effort.decisions).toBe(3)

  cluster.setPod('y', { ready: true })
  cluster.client.seed(Nodes, { ...node({ name: 'a', allocatable: { cpu: '1', memory: '1Gi', pods: '9' } }) })
  await cluster.quiet()
  expect(effort.decisions).toBe(3)
})

test('what happens again and again is not followed again and again by a pod that it does not help', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Nodes, node({ allocatable: { cpu: '1', memory: '1Gi', pods: '9' } }))
  cluster.client.seed(Pods, waiting('web', needing('2')))
  const effort = start(cluster)
  await cluster.quiet()
  for (let round = 0; round < 100; round += 1) {
    cluster.client.seed(Pods, pod({ name: 'guest' }))
    cluster.client.unseed(Pods, { namespace: 'default', name: 'guest' })
    await cluster.pass(100)
  }
  // Ten seconds: at once, after 100 ms, 200, 400, 800, 1.6 s, 3.2 s.
  expect(effort.decisions).toBeLessThanOrEqual(9)
  expect(effort.decisions).toBeGreaterThan(4)
  const [first] = await messages(cluster)
  expect(await messages(cluster)).toEqual([first])
  await cluster.pass(300_000)
  expect(await messages(cluster)).toEqual([first])
})

const important = (name: string, cpu: string, more: Partial<Pod['spec']> = {}) =>
  waiting(name, { ...needing(cpu), priority: 10, ...more })
const oneCore = node({ allocatable: { cpu: '1', memory: '1Gi', pods: '9' } })
const staying = { finalizers: ['example.com/slow'] }

test('room is made for a more important pod', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Nodes, oneCore)
  cluster.client.seed(Pods, pod({ name: 'low', spec: needing('1'), meta: staying }), important('high', '1'))
  start(cluster)
  await cluster.quiet()
  const { uid } = cluster.client.peek(Pods, 'default/high')?.metadata ?? {}
  expect(cluster.client.peek(Pods, 'default/high')?.status).toMatchObject({
    nominatedNodeName: 'node-1',
    conditions: expect.arrayContaining([
      expect.objectContaining({ reason: 'Unschedulable', message: '0/1 nodes are available: 1 Insufficient cpu.' }),
    ]),
  })
  const victim = cluster.client.peek(Pods, 'default/low')
  expect(victim?.metadata.deletionTimestamp).toBeDefined()
  expect(victim?.status?.conditions).toContainEqual(
    expect.objectContaining({
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: 'default-scheduler: preempting to accommodate a higher priority pod',
    }),
  )
  expect(await messages(cluster)).toEqual([
    'FailedScheduling: 0/1 nodes are available: 1 Insufficient cpu.',
    `Preempted: Preempted by pod ${uid} on node node-1`,
  ])

  // While it waits, the place is taken: by none that is not more important.
  cluster.client.seed(Pods, waiting('late', { ...needing('1'), priority: 10 }))
  cluster.client.unseed(Pods, { namespace: 'default', name: 'low' })
  await cluster.quiet()
  expect([nodeOf(cluster, 'high'), nodeOf(cluster, 'late')]).toEqual(['node-1', undefined])
})

test('a pod that is going anyway is not deleted for another', async () => {
  await using cluster = new TestCluster()
  const going = { ...staying, deletionTimestamp: '2026-01-01T00:00:00Z' }
  cluster.client.seed(Nodes, oneCore)
  cluster.client.seed(Pods, pod({ name: 'low', spec: needing('1'), meta: going }), important('high', '1'))
  start(cluster)
  await cluster.quiet()
  expect(cluster.client.peek(Pods, 'default/high')?.status?.nominatedNodeName).toBe('node-1')
  expect(cluster.writesTo(Pods)).toEqual(['patch status'])
})

test('a pod that waits for its place does not push off more, nor say more', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(
    Nodes,
    ...['a', 'b'].map((name) => node({ name, allocatable: { cpu: '1', memory: '1Gi', pods: '9' } })),
  )
  const low = (name: string, nodeName: string) => pod({ name, nodeName, spec: needing('1'), meta: staying })
  cluster.client.seed(Pods, low('x', 'a'), low('y', 'b'), important('high', '1'))
  start(cluster)
  await cluster.quiet()
  cluster.client.seed(Pods, pod({ name: 'passing', nodeName: 'b' }))
  cluster.client.unseed(Pods, { namespace: 'default', name: 'passing' })
  await cluster.pass(1000)
  const leaving = (await cluster.all(Pods)).filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
  expect(leaving.map(({ metadata }) => metadata.name)).toEqual(['x'])
})

test('a still more important pod takes the promised place, and the outbid one looks for another', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Nodes, oneCore)
  cluster.client.seed(Pods, pod({ name: 'low', spec: needing('1'), meta: staying }), important('high', '1'))
  start(cluster)
  await cluster.quiet()
  const promised = (name: string) => cluster.client.peek(Pods, `default/${name}`)?.status?.nominatedNodeName
  expect(promised('high')).toBe('node-1')
  cluster.client.seed(Pods, waiting('higher', { ...needing('1'), priority: 20 }))
  await cluster.pass(1000)
  expect([promised('high'), promised('higher')]).toEqual([undefined, 'node-1'])
  cluster.client.seed(Nodes, node({ name: 'node-2', allocatable: { cpu: '1', memory: '1Gi', pods: '9' } }))
  await cluster.pass(1000)
  expect([nodeOf(cluster, 'high'), nodeOf(cluster, 'higher')]).toEqual([undefined, 'node-2'])
  cluster.client.unseed(Pods, { namespace: 'default', name: 'low' })
  await cluster.pass(10_000)
  expect(nodeOf(cluster, 'high')).toBe('node-1')
})

test('nobody is pushed off for a pod that does not want that', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Nodes, oneCore)
  cluster.client.seed(Pods, pod({ name: 'low', spec: needing('1') }), important('high', '1', { preemptionPolicy: 'Never' }))
  start(cluster)
  await cluster.quiet()
  expect(nodeOf(cluster, 'low')).toBe('node-1')
  expect(await messages(cluster)).toEqual([
    'FailedScheduling: 0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not ' +
      'eligible due to preemptionPolicy=Never.',
  ])
})

test('a victim that cannot be deleted is tried again', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Nodes, oneCore)
  cluster.client.seed(Pods, pod({ name: 'low', spec: needing('1') }), important('high', '1'))
  cluster.client.failNext('delete', Pods, new StatusError(500, 'InternalError', 'try later'))
  start(cluster)
  await cluster.pass(1000)
  expect(nodeOf(cluster, 'high')).toBe('node-1')
})
