import { expect, test } from 'vitest'
import { EndpointSlices } from '../api/kinds/endpoint-slice.ts'
import { Nodes } from '../api/kinds/node.ts'
import { Pods, type Pod } from '../api/kinds/pod.ts'
import { Services, type Service } from '../api/kinds/service.ts'
import { endpointSliceController, sliceGroups } from './endpoint-slice.ts'
import { node, pod, service, sliceText, TestCluster } from './fixtures.ts'

const zone = { 'topology.kubernetes.io/zone': 'a' }
const nodeOf = (name: string) => (name === '' ? undefined : node({ name, labels: zone }))
const deleted = { deletionTimestamp: '2026-01-01T00:00:01Z' }
const named = (containerPort: number, name = 'http') => ({
  containers: [{ name: 'main', ports: [{ name, containerPort, protocol: 'TCP' }] }],
})

for (const { name, spec = {}, pods, slices } of [
  { name: 'no pods: one empty slice', pods: [], slices: [' : '] },
  { name: 'a ready pod', pods: [pod({ ip: '10.0.0.1' })], slices: ['10.0.0.1 ready serving : =8080'] },
  { name: 'an unready pod', pods: [pod({ ip: '10.0.0.1', ready: false })], slices: ['10.0.0.1 : =8080'] },
  {
    name: 'a terminating pod that still serves',
    pods: [pod({ ip: '10.0.0.1', meta: deleted })],
    slices: ['10.0.0.1 serving terminating : =8080'],
  },
  {
    name: 'publishNotReadyAddresses makes all of them ready',
    spec: { publishNotReadyAddresses: true },
    pods: [pod({ ip: '10.0.0.1', ready: false }), pod({ ip: '10.0.0.2', meta: deleted })],
    slices: ['10.0.0.1 ready | 10.0.0.2 ready serving terminating : =8080'],
  },
  {
    name: 'a named port with different numbers: a slice for each',
    spec: { ports: [{ name: 'web', port: 80, targetPort: 'http' }] },
    pods: [pod({ ip: '10.0.0.1', spec: named(8080) }), pod({ ip: '10.0.0.2', spec: named(9090) })],
    slices: ['10.0.0.1 ready serving : web=8080', '10.0.0.2 ready serving : web=9090'],
  },
  {
    name: 'a name that the pod does not have is left out',
    spec: { ports: [{ name: 'web', port: 80, targetPort: 'http' }, { name: 'admin', port: 81, targetPort: 9 }] },
    pods: [pod({ ip: '10.0.0.1', spec: named(8080, 'other') })],
    slices: ['10.0.0.1 ready serving : admin=9'],
  },
  {
    name: 'a headless service without ports',
    spec: { clusterIP: 'None', ports: [] },
    pods: [pod({ ip: '10.0.0.1' })],
    slices: ['10.0.0.1 ready serving : '],
  },
  {
    name: 'both families',
    spec: { ipFamilies: ['IPv4', 'IPv6'] },
    pods: [pod({ status: { podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] } })],
    slices: ['10.0.0.1 ready serving : =8080', 'fd00::1 ready serving : =8080'],
  },
  { name: 'a pod whose node is gone', pods: [pod({ ip: '10.0.0.1', nodeName: '' })], slices: [' : '] },
  {
    name: 'a pod whose node is gone, where all are published',
    spec: { publishNotReadyAddresses: true },
    pods: [pod({ ip: '10.0.0.1', nodeName: '' })],
    slices: ['10.0.0.1 ready serving : =8080'],
  },
  {
    name: 'pods that have ended, or have no address yet, are out',
    spec: { publishNotReadyAddresses: true },
    pods: [
      pod({ ip: '10.0.0.1', status: { phase: 'Succeeded' } }),
      pod({ ip: '10.0.0.2', status: { phase: 'Failed' } }),
      pod({ ready: false }),
      pod({ ip: '10.0.0.3', ready: false, status: { phase: 'Pending' } }),
    ],
    slices: ['10.0.0.3 ready : =8080'],
  },
  {
    name: 'pods of the host network that share its address',
    pods: [
      pod({ name: 'a', ip: '192.168.99.11', spec: { hostNetwork: true, ...named(8080) } }),
      pod({ name: 'b', ip: '192.168.99.11', spec: { hostNetwork: true, ...named(9090) } }),
    ],
    spec: { ports: [{ port: 80, targetPort: 'http' }] },
    slices: ['192.168.99.11 ready serving : =8080', '192.168.99.11 ready serving : =9090'],
  },
  {
    name: 'a family that no pod has: an empty slice of it',
    spec: { ipFamilies: ['IPv6', 'IPv4'] },
    pods: [pod({ ip: '10.0.0.1' })],
    slices: [' : ', '10.0.0.1 ready serving : =8080'],
  },
] satisfies { name: string; spec?: Partial<Service['spec']>; pods: Pod[]; slices: string[] }[]) {
  test(name, () => {
    const groups = sliceGroups(service({ spec }), pods, nodeOf)
    expect(
      groups.map((group) => sliceText({ endpoints: [...group.endpoints], ports: [...group.ports] })),
    ).toEqual(slices)
  })
}

test('an endpoint names its pod, node and zone, and its host under a Service of that name', () => {
  const web = pod({ name: 'web-0', ip: '10.0.0.1', spec: { hostname: 'web-0', subdomain: 'kubia' } })
  const [group] = sliceGroups(service(), [web], nodeOf)
  expect(group?.endpoints).toEqual([
    {
      addresses: ['10.0.0.1'],
      conditions: { ready: true, serving: true, terminating: false },
      hostname: 'web-0',
      nodeName: 'node-1',
      zone: 'a',
      targetRef: { kind: 'Pod', namespace: 'default', name: 'web-0', uid: web.metadata.uid },
    },
  ])
  const [elsewhere] = sliceGroups(service({ name: 'other' }), [web], nodeOf)
  expect(elsewhere?.endpoints[0]?.hostname).toBeUndefined()
})

test('a node without a zone gives endpoints without one', () => {
  const zoneless = () => node({ labels: { 'topology.kubernetes.io/zone': '' } })
  const [group] = sliceGroups(service(), [pod({ ip: '10.0.0.1' })], zoneless)
  expect(group?.endpoints[0]).not.toHaveProperty('zone')
})

function start(cluster: TestCluster): void {
  cluster.addNodes('node-1')
  const { client, clock } = cluster
  const caches = {
    services: cluster.cache(Services),
    pods: cluster.cache(Pods),
    nodes: cluster.cache(Nodes),
    endpointSlices: cluster.cache(EndpointSlices),
  }
  cluster.run(endpointSliceController({ client, clock, ...caches }))
}

const pods = (count: number) =>
  Array.from(
    { length: count },
    (_, at) => pod({ name: `web-${at}`, ip: `10.0.${Math.floor(at / 250)}.${(at % 250) + 1}` }),
  )

async function slices(cluster: TestCluster): Promise<string[]> {
  return (await cluster.all(EndpointSlices)).map(sliceText)
}

test('a slice carries the marks by which others find it, and those of its Service', async () => {
  await using cluster = new TestCluster()
  const [kubia] = cluster.client.seed(
    Services,
    service({ spec: { clusterIP: 'None' }, meta: { labels: { team: 'a' } } }),
  )
  cluster.client.seed(Pods, ...pods(1))
  start(cluster)
  await cluster.quiet()
  const [slice] = await cluster.all(EndpointSlices)
  expect(slice?.addressType).toBe('IPv4')
  expect(slice?.metadata).toMatchObject({
    name: expect.stringMatching(/^kubia-[a-z0-9]{5}$/),
    labels: {
      team: 'a',
      'kubernetes.io/service-name': 'kubia',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      'service.kubernetes.io/headless': '',
    },
    ownerReferences: [{ kind: 'Service', name: 'kubia', uid: kubia?.metadata.uid, controller: true }],
  })
})

test('a pod that turns ready is one write; nothing new is none', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Services, service(), service({ name: 'other', spec: { selector: { app: 'other' } } }))
  cluster.client.seed(
    Pods,
    pod({ name: 'web-0', ip: '10.0.0.1', ready: false }),
    pod({ name: 'web-1', ip: '10.0.0.2' }),
  )
  start(cluster)
  await cluster.quiet()
  const before = cluster.client.calls.length
  cluster.setPod('web-0', { ready: true })
  await cluster.quiet()
  expect(cluster.client.calls.slice(before).map(({ verb }) => verb)).toEqual(['update'])
  expect(await slices(cluster)).toContain('10.0.0.1 ready serving | 10.0.0.2 ready serving : =8080')

  const after = cluster.client.calls.length
  const web = cluster.client.peek(Pods, 'default/web-0') ?? pod()
  cluster.client.seed(Pods, { ...web, metadata: { ...web.metadata, annotations: { note: 'new' } } })
  await cluster.quiet()
  expect(cluster.client.calls.slice(after)).toEqual([])
})

test('250 pods are three slices, and a change of one pod is written to one of them', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Services, service())
  cluster.client.seed(Pods, ...pods(250))
  start(cluster)
  await cluster.quiet()
  const before = await cluster.all(EndpointSlices)
  expect(before.map(({ endpoints }) => endpoints.length).sort()).toEqual([100, 100, 50])

  const mark = cluster.client.calls.length
  cluster.client.unseed(Pods, { namespace: 'default', name: 'web-7' })
  await cluster.quiet()
  cluster.setPod('web-120', { ready: false })
  await cluster.quiet()
  cluster.client.seed(Pods, pod({ name: 'zz', ip: '10.0.9.9' }))
  await cluster.quiet()
  expect(cluster.writesTo(EndpointSlices, mark)).toEqual(['update', 'update', 'update'])
  const where = (all: typeof before) =>
    new Map(all.flatMap(({ metadata, endpoints }) => endpoints.map(({ addresses }) => [addresses[0], metadata.name])))
  const [was, is] = [where(before), where(await cluster.all(EndpointSlices))]
  was.delete('10.0.0.8')
  is.delete('10.0.9.9')
  expect(is).toEqual(was)
})

test('a label change moves a pod from one Service to another', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Services, service(), service({ name: 'other', spec: { selector: { app: 'other' } } }))
  cluster.client.seed(Pods, ...pods(1))
  start(cluster)
  await cluster.quiet()
  cluster.setPod('web-0', { labels: { app: 'other' } })
  await cluster.quiet()
  expect(await slices(cluster)).toEqual([' : ', '10.0.0.1 ready serving : =8080'])
})

test('a selector, the ports and the Service itself can change', async () => {
  await using cluster = new TestCluster()
  const [stored] = cluster.client.seed(Services, service())
  cluster.client.seed(
    Pods,
    pod({ name: 'a', ip: '10.0.0.1' }),
    pod({ name: 'b', ip: '10.0.0.2', labels: { app: 'b' } }),
  )
  start(cluster)
  await cluster.quiet()
  if (stored === undefined) throw new Error('not seeded')
  cluster.client.seed(Services, { ...stored, spec: { ...stored.spec, selector: { app: 'b' } } })
  await cluster.quiet()
  expect(await slices(cluster)).toEqual(['10.0.0.2 ready serving : =8080'])

  const mark = cluster.client.calls.length
  cluster.client.seed(
    Services,
    { ...stored, spec: { ...stored.spec, ports: [{ name: 'x', port: 80, targetPort: 9 }] } },
  )
  await cluster.quiet()
  expect(await slices(cluster)).toEqual(['10.0.0.1 ready serving : x=9'])
  // The slice was used again, not replaced.
  expect(cluster.writesTo(EndpointSlices, mark)).toEqual(['update'])

  cluster.client.unseed(Services, { namespace: 'default', name: 'kubia' })
  await cluster.quiet()
  expect(await slices(cluster)).toEqual([])
})

test('repairs its slices, and takes no others for its own', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Services, service())
  cluster.client.seed(Pods, ...pods(1))
  const labels = { 'kubernetes.io/service-name': 'kubia', 'endpointslice.kubernetes.io/managed-by': 'me' }
  const mine = { metadata: { name: 'mine', namespace: 'default', labels }, addressType: 'IPv4', endpoints: [] }
  cluster.client.seed(EndpointSlices, mine)
  start(cluster)
  await cluster.quiet()
  const own = (await cluster.all(EndpointSlices)).find(({ metadata }) => metadata.name !== 'mine')
  if (own === undefined) throw new Error('no slice')
  cluster.client.seed(EndpointSlices, { ...own, endpoints: [] })
  await cluster.quiet()
  expect(await slices(cluster)).toEqual(['10.0.0.1 ready serving : =8080', ' : '])
  cluster.client.unseed(EndpointSlices, { namespace: 'default', name: own.metadata.name })
  await cluster.quiet()
  expect(await slices(cluster)).toEqual(['10.0.0.1 ready serving : =8080', ' : '])
})

/** A Service that is stored, and whose spec, labels or annotations a test changes. */
async function running(cluster: TestCluster, initial = service()): Promise<Service> {
  const [stored] = cluster.client.seed(Services, initial)
  start(cluster)
  await cluster.quiet()
  if (stored === undefined) throw new Error('not seeded')
  return stored
}

test('hints come with spec.trafficDistribution and go with it, on slices that nothing else changes', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Pods, pod({ name: 'a', ip: '10.0.0.1' }), pod({ name: 'b', ip: '10.0.0.2', ready: false }))
  const mine = {
    metadata: { name: 'mine', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubia' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.9'], conditions: { ready: true }, hints: { forZones: [{ name: 'far' }] } }],
  }
  cluster.client.seed(EndpointSlices, mine)
  const stored = await running(cluster)
  const hints = async () =>
    (await cluster.all(EndpointSlices)).flatMap(({ endpoints }) => endpoints.map((each) => each.hints))
  const far = { forZones: [{ name: 'far' }] }
  expect(await hints()).toEqual([undefined, undefined, far])

  const mark = cluster.client.calls.length
  cluster.client.seed(Services, { ...stored, spec: { ...stored.spec, trafficDistribution: 'PreferSameNode' } })
  await cluster.quiet()
  expect(await hints()).toEqual([{ forNodes: [{ name: 'node-1' }] }, undefined, far])
  cluster.client.seed(Nodes, node({ labels: zone }))
  await cluster.quiet()
  expect(await hints()).toEqual([{ forZones: [{ name: 'a' }], forNodes: [{ name: 'node-1' }] }, undefined, far])
  cluster.client.seed(Services, stored)
  await cluster.quiet()
  expect(await hints()).toEqual([undefined, undefined, far])
  expect(cluster.writesTo(EndpointSlices, mark)).toEqual(['update', 'update', 'update'])
})

test('what a slice was written for is noted on it', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Pods, pod({ name: 'a', ip: '10.0.0.1' }), pod({ name: 'b', ip: '10.0.0.2', ready: false }))
  const stored = await running(cluster)
  const noted = async () => {
    const [slice] = await cluster.all(EndpointSlices)
    return slice?.metadata.annotations?.['endpoints.kubernetes.io/last-change-trigger-time']
  }
  expect(await noted()).toBe('2026-01-01T00:00:00Z')
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:01:00Z' }
  const b = cluster.client.peek(Pods, 'default/b') ?? pod()
  cluster.client.seed(Pods, { ...b, status: { ...b.status, conditions: [ready] } })
  await cluster.quiet()
  expect(await noted()).toBe('2026-01-01T00:01:00Z')
  const { metadata } = stored
  cluster.client.seed(Services, { ...stored, metadata: { ...metadata, labels: { team: 'a' } } })
  await cluster.quiet()
  expect(await noted()).toBeUndefined()
})

test('the slices of a Service that names something outside are gone, and come back with its selector', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Pods, ...pods(1))
  const stored = await running(cluster)
  const external = { type: 'ExternalName', externalName: 'example.com', selector: { app: 'kubia' } }
  cluster.client.seed(Services, { ...stored, spec: external })
  await cluster.quiet()
  expect(await slices(cluster)).toEqual([])
  cluster.client.seed(Services, stored)
  await cluster.quiet()
  expect(await slices(cluster)).toEqual(['10.0.0.1 ready serving : =8080'])
})

test('without a selector the slices are left as they are, until there is one again', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Pods, ...pods(1))
  const stored = await running(cluster)
  cluster.client.seed(Services, { ...stored, spec: { ...stored.spec, selector: {} } })
  cluster.setPod('web-0', { ready: false })
  await cluster.quiet()
  expect(await slices(cluster)).toEqual(['10.0.0.1 ready serving : =8080'])
  cluster.client.seed(Services, stored)
  await cluster.quiet()
  expect(await slices(cluster)).toEqual(['10.0.0.1 : =8080'])
})

test('a family that a Service gets or loses brings or takes its slices', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Pods, pod({ name: 'a', status: { podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] } }))
  const stored = await running(cluster)
  const types = async () => (await cluster.all(EndpointSlices)).map(({ addressType }) => addressType).sort()
  expect(await types()).toEqual(['IPv4'])
  cluster.client.seed(Services, { ...stored, spec: { ...stored.spec, ipFamilies: ['IPv4', 'IPv6'] } })
  await cluster.quiet()
  expect(await types()).toEqual(['IPv4', 'IPv6'])
  cluster.client.seed(Services, stored)
  await cluster.quiet()
  expect(await types()).toEqual(['IPv4'])
})

test('the slices of a Service that waits for a finalizer follow its pods, but no new ones are made', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Pods, ...pods(1))
  const stored = await running(cluster)
  const { metadata } = stored
  cluster.client.seed(Services, { ...stored, metadata: { ...metadata, ...deleted, finalizers: ['acme.io/wait'] } })
  cluster.setPod('web-0', { ready: false })
  await cluster.quiet()
  expect(await slices(cluster)).toEqual(['10.0.0.1 : =8080'])
  const [own] = await cluster.all(EndpointSlices)
  cluster.client.unseed(EndpointSlices, { namespace: 'default', name: own?.metadata.name ?? '' })
  await cluster.quiet()
  expect(await slices(cluster)).toEqual([])
})

test('another slice takes the place of one that waits for a finalizer', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Pods, ...pods(1))
  await running(cluster)
  const [own] = await cluster.all(EndpointSlices)
  if (own === undefined) throw new Error('no slice')
  const metadata = { ...own.metadata, ...deleted, finalizers: ['acme.io/wait'] }
  const mark = cluster.client.calls.length
  cluster.client.seed(EndpointSlices, { ...own, metadata })
  await cluster.quiet()
  expect(cluster.writesTo(EndpointSlices, mark)).toEqual(['create'])
})
