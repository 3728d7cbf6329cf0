import { expect, test } from 'vitest'
import { EndpointsResource, type EndpointSubset } from '../api/kinds/endpoints.ts'
import { Pods, type Pod } from '../api/kinds/pod.ts'
import { Services, type Service } from '../api/kinds/service.ts'
import { endpointSubsets, truncateSubsets } from './endpoint-subsets.ts'
import { endpointsController } from './endpoints.ts'
import { pod, service, TestCluster } from './fixtures.ts'

const deleted = { deletionTimestamp: '2026-01-01T00:00:01Z' }
const named = (containerPort: number) => ({ containers: [{ name: 'main', ports: [{ name: 'http', containerPort }] }] })

/** `10.0.0.1 (10.0.0.2) : 8080`, unready addresses in brackets. */
function text({ addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset): string {
  const all = [...addresses.map(({ ip }) => ip), ...notReadyAddresses.map(({ ip }) => `(${ip})`)]
  return `${all.join(' ')} : ${ports.map(({ port }) => port).join(',')}`
}

for (const { name, spec = {}, pods, subsets } of [
  {
    name: 'ready and unready, sorted by address',
    pods: [pod({ ip: '10.0.0.10' }), pod({ ip: '10.0.0.9' }), pod({ ip: '10.0.0.1', ready: false })],
    subsets: ['10.0.0.9 10.0.0.10 (10.0.0.1) : 8080'],
  },
  { name: 'terminating pods are out', pods: [pod({ ip: '10.0.0.1', meta: deleted })], subsets: [] },
  {
    name: 'publishNotReadyAddresses',
    spec: { publishNotReadyAddresses: true },
    pods: [pod({ ip: '10.0.0.1', ready: false }), pod({ ip: '10.0.0.2', meta: deleted })],
    subsets: ['10.0.0.1 10.0.0.2 : 8080'],
  },
  {
    name: 'different numbers of one name are different subsets',
    spec: { ports: [{ port: 80, targetPort: 'http' }] },
    pods: [pod({ ip: '10.0.0.1', spec: named(8080) }), pod({ ip: '10.0.0.2', spec: named(9090) })],
    subsets: ['10.0.0.1 : 8080', '10.0.0.2 : 9090'],
  },
  {
    name: 'a headless service without ports',
    spec: { clusterIP: 'None', ports: [] },
    pods: [pod({ ip: '10.0.0.1' })],
    subsets: ['10.0.0.1 : '],
  },
  {
    name: 'pods that have ended, or have no address yet, are out',
    spec: { publishNotReadyAddresses: true },
    pods: [
      pod({ ip: '10.0.0.1', status: { phase: 'Succeeded' } }),
      pod({ ip: '10.0.0.2', status: { phase: 'Failed' } }),
      pod(),
    ],
    subsets: [],
  },
] satisfies { name: string; spec?: Partial<Service['spec']>; pods: Pod[]; subsets: string[] }[]) {
  test(name, () => expect(endpointSubsets(service({ spec }), pods).map(text)).toEqual(subsets))
}

test('more than fit are cut, unready ones first, and then in proportion', () => {
  const addresses = (from: number, count: number) => Array.from(
    { length: count },
    (_, at) => ({ ip: `10.0.0.${from + at}` }),
  )
  const subsets = [
    { addresses: addresses(0, 6), notReadyAddresses: addresses(100, 4) },
    { addresses: addresses(50, 3) },
  ]
  const counts = (max: number) =>
    truncateSubsets(subsets, max).map((each) => [each.addresses?.length ?? 0, each.notReadyAddresses?.length ?? 0])
  expect(truncateSubsets(subsets, 13)).toBe(subsets)
  expect(counts(11)).toEqual([[6, 2], [3, 0]])
  expect(counts(6)).toEqual([[4, 0], [2, 0]])
})

function start(cluster: TestCluster): void {
  const { client, clock } = cluster
  const caches = {
    services: cluster.cache(Services),
    pods: cluster.cache(Pods),
    endpoints: cluster.cache(EndpointsResource),
  }
  cluster.run(endpointsController({ client, clock, ...caches }))
}

const kubia = (cluster: TestCluster) => cluster.client.peek(EndpointsResource, 'default/kubia')

test('follows its pods with one write for each change, and goes with its Service', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Services, service({ meta: { labels: { team: 'a' } } }))
  cluster.client.seed(Pods, pod({ name: 'a', ip: '10.0.0.1', ready: false }))
  start(cluster)
  await cluster.quiet()
  expect(kubia(cluster)?.metadata.labels).toEqual({
    team: 'a',
    'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
  })
  expect(kubia(cluster)?.subsets?.map(text)).toEqual(['(10.0.0.1) : 8080'])
  const triggerTime = 'endpoints.kubernetes.io/last-change-trigger-time'
  expect(kubia(cluster)?.metadata.annotations).toEqual({ [triggerTime]: '2026-01-01T00:00:00Z' })

  const mark = cluster.client.calls.length
  cluster.setPod('a', { ready: true })
  await cluster.quiet()
  expect(cluster.client.calls.slice(mark).map(({ verb }) => verb)).toEqual(['update'])
  // The pod's condition still names the time that has been told.
  expect(kubia(cluster)?.metadata.annotations).toEqual({})
  expect(kubia(cluster)?.subsets).toEqual([
    {
      addresses: [{
        ip: '10.0.0.1',
        nodeName: 'node-1',
        targetRef: expect.objectContaining({ kind: 'Pod', name: 'a' }),
      }],
      ports: [{ port: 8080, protocol: 'TCP' }],
    },
  ])

  cluster.client.unseed(Services, { namespace: 'default', name: 'kubia' })
  await cluster.quiet()
  expect(kubia(cluster)).toBeUndefined()
})

test('leaves Endpoints alone that are written by hand, before their Service or for one without selector', async () => {
  await using cluster = new TestCluster()
  const handmade = {
    metadata: { namespace: 'default', name: 'kubia' },
    subsets: [{ addresses: [{ ip: '11.11.11.11' }] }],
  }
  cluster.client.seed(EndpointsResource, handmade)
  start(cluster)
  await cluster.quiet()
  const [stored] = cluster.client.seed(Services, service({ spec: { selector: {} } }))
  await cluster.quiet()
  expect(cluster.client.writes).toEqual([])
  expect(kubia(cluster)?.subsets).toEqual(handmade.subsets)
  expect(stored).toBeDefined()
})
