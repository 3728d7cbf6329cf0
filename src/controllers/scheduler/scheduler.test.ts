import { expect, test } from 'vitest'
import { StatusError } from '../../api/errors.ts'
import { Events } from '../../api/kinds/event.ts'
import { Nodes } from '../../api/kinds/node.ts'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import { node, pod, TestCluster } from '../fixtures.ts'
import { schedulerController } from './scheduler.ts'

function start(cluster: TestCluster): void {
  const { client, clock } = cluster
  const events = cluster.events.recorder('default-scheduler')
  cluster.run(schedulerController({ client, clock, events, pods: cluster.cache(Pods), nodes: cluster.cache(Nodes) }))
}

const waiting = (name: string, spec: Partial<Pod['spec']> = {}) => pod({ name, nodeName: '', ready: false, spec })
const needing = (cpu: string) => ({ containers: [{ name: 'main', resources: { requests: { cpu } } }] })
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
  const message = '0/1 nodes are available: 1 Insufficient cpu.'
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
