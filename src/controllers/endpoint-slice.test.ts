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
