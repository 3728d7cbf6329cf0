import { expect, test } from 'vitest'
import { EndpointSlices } from '../api/kinds/endpoint-slice.ts'
import { EndpointsResource, type Endpoints } from '../api/kinds/endpoints.ts'
import { Events } from '../api/kinds/event.ts'
import { Services } from '../api/kinds/service.ts'
import type { Draft } from '../api/object.ts'
import { endpointSliceMirroringController } from './endpoint-slice-mirroring.ts'
import { service, sliceText, TestCluster } from './fixtures.ts'

function start(cluster: TestCluster): void {
  const { client, clock } = cluster
  const caches = {
    services: cluster.cache(Services),
    endpoints: cluster.cache(EndpointsResource),
    endpointSlices: cluster.cache(EndpointSlices),
  }
  const events = cluster.events.recorder('endpoint-slice-mirroring-controller')
  cluster.run(endpointSliceMirroringController({ client, clock, events, ...caches }))
}

const addresses = ['11.11.11.11', '22.22.22.22']

function external(change: Draft<Endpoints>['metadata'] = {}, ips = addresses): Draft<Endpoints> {
  return {
    metadata: { namespace: 'default', name: 'kubia', ...change },
    subsets: [{
      addresses: ips.map((ip) => ({ ip })),
      notReadyAddresses: [{ ip: '33.33.33.33' }],
      ports: [{ port: 80 }],
    }],
  }
}

const slices = async (cluster: TestCluster) => (await cluster.all(EndpointSlices)).map(sliceText)

test('mirrors hand-written Endpoints, whichever is made first, follows them and goes with them', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(EndpointsResource, external())
  start(cluster)
  await cluster.quiet()
  expect(await slices(cluster)).toEqual([])

  cluster.client.seed(Services, service({ spec: { selector: {} } }))
  await cluster.quiet()
  expect(await slices(cluster)).toEqual(['11.11.11.11 ready | 22.22.22.22 ready | 33.33.33.33 : =80'])
  const [slice] = await cluster.all(EndpointSlices)
  expect(slice?.metadata).toMatchObject({
    labels: {
      'kubernetes.io/service-name': 'kubia',
      'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
    },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Endpoints', name: 'kubia', controller: true }],
  })

  const mark = cluster.client.calls.length
  cluster.client.seed(EndpointsResource, external({}, ['11.11.11.11']))
  await cluster.quiet()
  expect(await slices(cluster)).toEqual(['11.11.11.11 ready | 33.33.33.33 : =80'])
  expect(cluster.writesTo(EndpointSlices, mark)).toEqual(['update'])

  cluster.client.unseed(EndpointsResource, { namespace: 'default', name: 'kubia' })
  await cluster.quiet()
  expect(await slices(cluster)).toEqual([])
})

for (const { name, endpoints, selector = {} } of [
  {
    name: 'labelled skip-mirror',
    endpoints: external({ labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }),
  },
  { name: 'of a Service with a selector', endpoints: external(), selector: { app: 'kubia' } },
  {
    name: 'used for leader election',
    endpoints: external({ annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } }),
  },
  {
    name: 'left behind by the endpoints controller',
    endpoints: external({ labels: { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' } }),
  },
] satisfies { name: string; endpoints: Draft<Endpoints>; selector?: Record<string, string> }[]) {
  test(`does not mirror Endpoints ${name}, and withdraws what it mirrored before`, async () => {
    await using cluster = new TestCluster()
    const [stored] = cluster.client.seed(Services, service({ spec: { selector: {} } }))
    cluster.client.seed(EndpointsResource, external())
    start(cluster)
    await cluster.quiet()
    expect(await slices(cluster)).toHaveLength(1)
    cluster.client.seed(EndpointsResource, endpoints)
    if (stored !== undefined) cluster.client.seed(Services, { ...stored, spec: { ...stored.spec, selector } })
    await cluster.quiet()
    expect(await slices(cluster)).toEqual([])
  })
}

test('splits the families, and says which addresses it skipped', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Services, service({ spec: { selector: {} } }))
  cluster.client.seed(EndpointsResource, external({}, ['fd00::1', '11.11.11.11', 'not-an-ip']))
  start(cluster)
  await cluster.quiet()
  expect((await slices(cluster)).sort()).toEqual(['11.11.11.11 ready | 33.33.33.33 : =80', 'fd00::1 ready : =80'])
  expect((await cluster.all(Events)).map(({ reason, message }) => [reason, message])).toEqual([
    ['InvalidIPAddress', 'Skipped 1 invalid IP addresses when mirroring to EndpointSlices'],
  ])
})

test('mirrored slices have the labels and annotations of the Endpoints, and lose them with these', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Services, service({ spec: { selector: {} } }))
  const triggerTime = 'endpoints.kubernetes.io/last-change-trigger-time'
  const annotations = {
    note: 'mine',
    [triggerTime]: '2026-01-01T00:00:00Z',
    'kubectl.kubernetes.io/last-applied-configuration': '{}',
  }
  cluster.client.seed(EndpointsResource, external({ labels: { team: 'a' }, annotations }))
  start(cluster)
  await cluster.quiet()
  const metadata = async () => (await cluster.all(EndpointSlices))[0]?.metadata
  expect(await metadata()).toMatchObject({ labels: { team: 'a' }, annotations: { note: 'mine' } })
  expect(Object.keys((await metadata())?.annotations ?? {})).toEqual(['note'])

  cluster.client.seed(EndpointsResource, external())
  await cluster.quiet()
  expect(await metadata()).toMatchObject({ annotations: {} })
  expect((await metadata())?.labels).not.toHaveProperty('team')
  const mark = cluster.client.calls.length
  cluster.client.seed(EndpointsResource, external({ annotations: { [triggerTime]: '2026-01-01T00:05:00Z' } }))
  await cluster.quiet()
  expect(cluster.writesTo(EndpointSlices, mark)).toEqual([])
})
