import { expect, test } from 'vitest'
import { Events } from '../api/kinds/event.ts'
import { Leases, type Lease } from '../api/kinds/lease.ts'
import { Nodes, type Node } from '../api/kinds/node.ts'
import { Pods, type Pod } from '../api/kinds/pod.ts'
import { parseCidr, formatCidr } from '../base/ip.ts'
import { node, pod, TestCluster } from './fixtures.ts'
import { freeShare, nodeIpamController } from './node-ipam.ts'
import { nodeLifecycleController } from './node-lifecycle.ts'
import { podGcController } from './pod-gc.ts'
import { isReady } from './pod-status.ts'
import { taintEvictionController } from './taint-eviction.ts'
import { evictionTime } from './tolerations.ts'

const range = parseCidr('10.108.0.0/16')
if (range === undefined) throw new Error('not a range')

function start(cluster: TestCluster): void {
  const { client, clock } = cluster
  const nodes = cluster.cache(Nodes)
  const pods = cluster.cache(Pods)
  const common = { client, clock, nodes, pods, events: cluster.events.recorder('node-controller') }
  cluster.run(
    nodeLifecycleController({ ...common, leases: cluster.cache(Leases) }),
    taintEvictionController(common),
    podGcController(common),
  )
}

function renew(cluster: TestCluster, name: string): void {
  const lease = {
    metadata: { namespace: 'kube-node-lease', name },
    spec: { renewTime: cluster.clock.now().toISOString() },
  }
  cluster.client.seed<Lease>(Leases, lease)
}

const ready = (cluster: TestCluster, name: string) =>
  cluster.client.peek(Nodes, name)?.status?.conditions?.find(({ type }) => type === 'Ready')
const taints = (cluster: TestCluster, name: string) =>
  cluster.client.peek(Nodes, name)?.spec.taints?.map(({ key, effect }) => `${key}:${effect}`) ?? []
const tolerating = (tolerationSeconds: number) => ({
  tolerations: [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds }],
})

/** Lets time pass in steps of a Lease's period, while only some nodes renew theirs. */
async function passWithLeases(cluster: TestCluster, seconds: number, alive: readonly string[]): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 10) {
    await cluster.pass(10_000)
    alive.forEach((name) => renew(cluster, name))
    await cluster.quiet()
  }
}

test('a node that falls silent: Unknown, tainted, its pods unready, then evicted; back when it renews', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Nodes, node({ name: 'a' }), node({ name: 'b' }))
  cluster.client.seed(
    Pods,
    pod({ name: 'stays', nodeName: 'a' }),
    pod({ name: 'hurried', nodeName: 'b', spec: tolerating(30) }),
    pod({ name: 'patient', nodeName: 'b', spec: tolerating(300) }),
  )
  for (const name of ['a', 'b']) renew(cluster, name)
  start(cluster)
  await passWithLeases(cluster, 60, ['a', 'b'])
  expect(cluster.writesTo(Nodes)).toEqual([])

  await passWithLeases(cluster, 50, ['a'])
  expect(ready(cluster, 'b')).toMatchObject({
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
  })
  expect(taints(cluster, 'b').sort()).toEqual([
    'node.kubernetes.io/unreachable:NoExecute',
    'node.kubernetes.io/unreachable:NoSchedule',
  ])
  const readiness = async () => Object.fromEntries(
    (await cluster.all(Pods)).map((each) => [each.metadata.name, isReady(each)]),
  )
  expect(await readiness()).toEqual({ stays: true, hurried: false, patient: false })
  expect((await cluster.all(Events)).map(({ reason }) => reason)).toEqual(
    expect.arrayContaining(['NodeNotReady', 'NodeNotReady']),
  )

  await passWithLeases(cluster, 40, ['a'])
  expect(await readiness()).toEqual({ stays: true, patient: false })

  await passWithLeases(cluster, 20, ['a', 'b'])
  expect(ready(cluster, 'b')?.status).toBe('True')
  expect(taints(cluster, 'b')).toEqual([])
  await passWithLeases(cluster, 300, ['a', 'b'])
  expect(Object.keys(await readiness())).toEqual(['patient', 'stays'])
})

test('nothing is evicted while no node is ready, even when they fall silent together', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Nodes, node({ name: 'a' }), node({ name: 'b' }))
  cluster.client.seed(Pods, pod({ name: 'web', nodeName: 'a' }), pod({ name: 'db', nodeName: 'b' }))
  start(cluster)
  await passWithLeases(cluster, 60, [])
  for (const name of ['a', 'b']) {
    expect(ready(cluster, name)?.status).toBe('Unknown')
    expect(taints(cluster, name)).toEqual(['node.kubernetes.io/unreachable:NoSchedule'])
  }
  expect(await cluster.all(Pods)).toHaveLength(2)
})

test('a node that never posts its status', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed<Node>(Nodes, { metadata: { name: 'a' }, spec: {}, status: {} })
  start(cluster)
  await passWithLeases(cluster, 50, [])
  expect(ready(cluster, 'a')).toBeUndefined()
  await passWithLeases(cluster, 20, [])
  expect(ready(cluster, 'a')).toMatchObject({
    reason: 'NodeStatusNeverUpdated',
    message: 'Kubelet never posted node status.',
  })
})

test('taints follow the conditions and kubectl cordon, and leave those of others alone', async () => {
  await using cluster = new TestCluster()
  const own = [{ key: 'dedicated', effect: 'NoSchedule' }]
  const [stored] = cluster.client.seed(
    Nodes,
    node({ name: 'a', ready: 'False', spec: { taints: own, unschedulable: true } }),
  )
  start(cluster)
  await cluster.quiet()
  expect(taints(cluster, 'a')).toEqual([
    'dedicated:NoSchedule',
    'node.kubernetes.io/unschedulable:NoSchedule',
    'node.kubernetes.io/not-ready:NoSchedule',
  ])
  const present = cluster.client.peek(Nodes, 'a')
  if (present === undefined || stored === undefined) throw new Error('gone')
  cluster.client.seed(Nodes, { ...present, spec: { taints: present.spec.taints ?? [] }, status: node().status ?? {} })
  await cluster.quiet()
  expect(taints(cluster, 'a')).toEqual(['dedicated:NoSchedule'])
})

test('removes pods of a node that is gone, not if it comes back soon, and those never bound', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Nodes, node({ name: 'a' }), node({ name: 'b' }))
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z' }
  cluster.client.seed(
    Pods,
    pod({ name: 'on-a', nodeName: 'a' }),
    pod({ name: 'on-b', nodeName: 'b' }),
    pod({ name: 'unbound', nodeName: '' }),
    pod({ name: 'unbound-going', nodeName: '', meta: going }),
  )
  start(cluster)
  await cluster.quiet()
  const names = async () => (await cluster.all(Pods)).map(({ metadata }) => metadata.name)
  expect(await names()).toEqual(['on-a', 'on-b', 'unbound'])
  cluster.client.unseed(Nodes, { name: 'a' })
  cluster.client.unseed(Nodes, { name: 'b' })
  await cluster.pass(20_000)
  cluster.client.seed(Nodes, node({ name: 'b' }))
  await cluster.pass(25_000)
  expect(await names()).toEqual(['on-b', 'unbound'])
})

test('gives each node a share of the pod range, and it back when the node is gone', async () => {
  await using cluster = new TestCluster()
  const { client } = cluster
  cluster.run(
    nodeIpamController({ client, nodes: cluster.cache(Nodes), events: cluster.events.recorder('x'), podRange: range }),
  )
  client.seed(Nodes, node({ name: 'a' }), node({ name: 'node-2' }), node({ name: 'c', spec: { podCIDR: '10.108.3.0/24' } }))
  await cluster.quiet()
  const shares = async () => Object.fromEntries((await cluster.all(Nodes)).map(({ metadata, spec }) => [metadata.name, spec.podCIDRs?.[0] ?? spec.podCIDR]))
  expect(await shares()).toEqual({ a: '10.108.255.0/24', 'node-2': '10.108.2.0/24', c: '10.108.3.0/24' })
  expect(client.peek(Nodes, 'a')?.spec.podCIDR).toBe('10.108.255.0/24')
  client.unseed(Nodes, { name: 'a' })
  client.seed(Nodes, node({ name: 'd' }), node({ name: 'node-3' }))
  await cluster.quiet()
  expect(await shares()).toEqual({ 'node-2': '10.108.2.0/24', c: '10.108.3.0/24', d: '10.108.255.0/24', 'node-3': '10.108.254.0/24' })
})

test('nodes that register at once, in any order, have shares of their own, and node-N the N-th', async () => {
  await using cluster = new TestCluster()
  const { client } = cluster
  cluster.run(
    nodeIpamController({ client, nodes: cluster.cache(Nodes), events: cluster.events.recorder('x'), podRange: range }),
  )
  const numbers = [7, 3, 1, 6, 2, 5, 4]
  for (const number of numbers) client.seed(Nodes, node({ name: `machine-${number}` }), node({ name: `node-${number}` }))
  await cluster.quiet()
  const all = await cluster.all(Nodes)
  expect(new Set(all.map(({ spec }) => spec.podCIDR)).size).toBe(14)
  for (const number of numbers) expect(client.peek(Nodes, `node-${number}`)?.spec.podCIDR).toBe(`10.108.${number}.0/24`)
})

test('a full range waits for a node to leave', async () => {
  await using cluster = new TestCluster()
  const { client } = cluster
  const podRange = parseCidr('10.108.0.0/23')
  if (podRange === undefined) throw new Error('not a range')
  cluster.run(
    nodeIpamController({ client, nodes: cluster.cache(Nodes), events: cluster.events.recorder('x'), podRange }),
  )
  client.seed(Nodes, node({ name: 'a' }), node({ name: 'b' }))
  await cluster.quiet()
  expect((await cluster.all(Events)).map(({ message }) => message)).toEqual(['Node b status is now: CIDRNotAvailable'])
  client.unseed(Nodes, { name: 'a' })
  await cluster.quiet()
  expect(client.peek(Nodes, 'b')?.spec.podCIDR).toBe('10.108.1.0/24')
})

for (const { name, used, share } of [
  { name: 'node-1', used: [], share: '10.108.1.0/24' },
  { name: 'node-255', used: [], share: '10.108.255.0/24' },
  { name: 'node-256', used: [], share: '10.108.255.0/24' },
  { name: 'node-0', used: [], share: '10.108.255.0/24' },
  { name: 'node-02', used: [], share: '10.108.255.0/24' },
  { name: 'machine-a', used: [], share: '10.108.255.0/24' },
  { name: 'machine-a', used: ['10.108.255.0/24', '10.108.253.0/24'], share: '10.108.254.0/24' },
  { name: 'node-2', used: ['10.108.1.0/24'], share: '10.108.2.0/24' },
  { name: 'node-2', used: ['10.108.0.0/22'], share: '10.108.255.0/24' },
  { name: 'node-2', used: ['10.108.2.0/24', '10.108.128.0/17'], share: '10.108.127.0/24' },
  { name: 'node-2', used: ['10.108.0.0/16'], share: undefined },
]) {
  test(`beside ${used.join(' ') || 'nothing'} ${name} has the share ${share}`, () => {
    const found = freeShare(name, { range, bits: 24, used: used.flatMap((text) => parseCidr(text) ?? []) })
    expect(found === undefined ? undefined : formatCidr(found)).toBe(share)
  })
}

const added = '2026-01-01T00:00:00Z'
const unreachable = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: added }

for (const { name, tolerations, seconds } of [
  { name: 'no toleration: at once', tolerations: [], seconds: -Infinity },
  { name: 'tolerated for good', tolerations: [{ operator: 'Exists' }], seconds: undefined },
  { name: 'tolerated for a time', tolerations: tolerating(300).tolerations, seconds: 300 },
  {
    name: 'the shortest of several',
    tolerations: [...tolerating(300).tolerations, ...tolerating(20).tolerations],
    seconds: 20,
  },
  { name: 'another taint tolerated', tolerations: [{ key: 'other', operator: 'Exists' }], seconds: -Infinity },
] satisfies { name: string; tolerations: Pod['spec']['tolerations']; seconds: number | undefined }[]) {
  test(`eviction: ${name}`, () => {
    const expected = seconds === undefined ? undefined : Date.parse(added) + seconds * 1000
    expect(evictionTime([unreachable], tolerations)).toBe(expected)
  })
}
