import { describe, expect, test } from 'vitest'
import { Events } from '../api/kinds/event.ts'
import { ownClasses } from '../api/kinds/load-balancer.ts'
import { Services, type Service } from '../api/kinds/service.ts'
import { service, TestCluster } from './fixtures.ts'
import { loadBalancerAddressController } from './load-balancer-addresses.ts'

const finalizer = 'service.kubernetes.io/load-balancer-cleanup'

/** A cluster with so many addresses for load balancers, from 203.0.113.10 on. */
function clusterWith(addresses: number): TestCluster {
  const cluster = new TestCluster()
  run(cluster, addresses)
  return cluster
}

function run(cluster: TestCluster, addresses: number): void {
  const pool = { first: 0xcb007100 + 10, last: 0xcb007100 + 9 + addresses }
  const events = cluster.events.recorder('service-controller')
  cluster.run(loadBalancerAddressController({ client: cluster.client, services: cluster.cache(Services), events, pool, classes: ownClasses }))
}

interface Says {
  readonly spec?: Partial<Service['spec']>
  readonly meta?: Partial<Service['metadata']>
}

async function create(cluster: TestCluster, name: string, { spec = {}, meta = {} }: Says = {}): Promise<void> {
  const { metadata, ...rest } = service({ name, spec: { type: 'LoadBalancer', ...spec }, meta })
  const { uid: _, resourceVersion: __, creationTimestamp: ___, ...draft } = metadata
  await cluster.client.create(Services, { ...rest, metadata: draft })
}

function patch(cluster: TestCluster, name: string, body: object): Promise<Service> {
  return cluster.client.patch(Services, { namespace: 'default', name }, { type: 'merge', body })
}

const remove = (cluster: TestCluster, name: string) => cluster.client.delete(Services, { namespace: 'default', name })
const stored = (cluster: TestCluster, name: string) => cluster.client.peek(Services, `default/${name}`)
const address = (cluster: TestCluster, name: string) => stored(cluster, name)?.status?.loadBalancer?.ingress?.map(({ ip }) => ip).join()

async function eventsOf(cluster: TestCluster, name: string): Promise<readonly string[]> {
  const all = await cluster.all(Events)
  return all.filter(({ involvedObject }) => involvedObject.name === name).map(({ type, reason }) => `${type} ${reason}`)
}

describe('a load balancer', () => {
  test('gets an address and keeps its Service until it is taken back', async () => {
    await using cluster = clusterWith(3)
    await create(cluster, 'web')
    await cluster.quiet()
    expect(stored(cluster, 'web')).toMatchObject({
      metadata: { finalizers: [finalizer] },
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.10', ipMode: 'VIP' }] } },
    })
    expect(cluster.writesTo(Services)).toEqual(['create', 'patch', 'patch status'])
    await remove(cluster, 'web')
    await cluster.quiet()
    expect(stored(cluster, 'web')).toBeUndefined()
    expect(await eventsOf(cluster, 'web')).toEqual([
      'Normal EnsuringLoadBalancer',
      'Normal EnsuredLoadBalancer',
      'Normal DeletingLoadBalancer',
      'Normal DeletedLoadBalancer',
    ])
  })

  test('of many that are made at once has one of its own', async () => {
    await using cluster = clusterWith(20)
    await Promise.all(Array.from({ length: 20 }, (_, index) => create(cluster, `web-${index}`)))
    await cluster.quiet()
    const held = Array.from({ length: 20 }, (_, index) => address(cluster, `web-${index}`))
    expect([...held].sort()).toEqual(Array.from({ length: 20 }, (_, index) => `203.0.113.${10 + index}`))
  })

  test('that changes its type gives its address back', async () => {
    await using cluster = clusterWith(1)
    await create(cluster, 'first')
    await cluster.quiet()
    await create(cluster, 'second')
    await cluster.quiet()
    // As the server does, which takes the status away with the type.
    const present = stored(cluster, 'first')
    if (present === undefined) throw new Error('no Service')
    cluster.client.seed(Services, { ...present, spec: { ...present.spec, type: 'ClusterIP' }, status: { loadBalancer: {} } })
    await cluster.quiet()
    expect(stored(cluster, 'first')?.metadata).not.toHaveProperty('finalizers')
    expect(address(cluster, 'second')).toBe('203.0.113.10')
  })

  test('that others keep when it is deleted gives its address back at once', async () => {
    await using cluster = clusterWith(1)
    await create(cluster, 'web', { meta: { finalizers: ['example.com/wait'] } })
    await create(cluster, 'waits')
    await cluster.quiet()
    await remove(cluster, 'web')
    await cluster.quiet()
    expect(stored(cluster, 'web')?.metadata.finalizers).toEqual(['example.com/wait'])
    expect(address(cluster, 'web')).toBeUndefined()
    expect(address(cluster, 'waits')).toBe('203.0.113.10')
  })

  test('of another class is left alone, alive and deleted', async () => {
    await using cluster = clusterWith(1)
    await create(cluster, 'web', { spec: { loadBalancerClass: 'example.com/other' }, meta: { finalizers: [finalizer] } })
    await cluster.quiet()
    await remove(cluster, 'web')
    await cluster.quiet()
    expect(cluster.writesTo(Services)).toEqual(['create', 'delete'])
  })

  test('of our class is one like that of none', async () => {
    await using cluster = clusterWith(1)
    await create(cluster, 'web', { spec: { loadBalancerClass: 'portolan.dev/load-balancer' } })
    await cluster.quiet()
    expect(address(cluster, 'web')).toBe('203.0.113.10')
  })

  test('moves when it asks for another address', async () => {
    await using cluster = clusterWith(3)
    await create(cluster, 'web')
    await cluster.quiet()
    await patch(cluster, 'web', { spec: { loadBalancerIP: '203.0.113.12' } })
    await cluster.quiet()
    expect(address(cluster, 'web')).toBe('203.0.113.12')
  })

  test('loses its address when it asks for one that it cannot have, and gets another when it does not any more', async () => {
    await using cluster = clusterWith(3)
    await create(cluster, 'web')
    await create(cluster, 'other')
    await cluster.quiet()
    await patch(cluster, 'web', { spec: { loadBalancerIP: '203.0.113.11' } })
    await cluster.quiet()
    expect(address(cluster, 'web')).toBeUndefined()
    expect((await eventsOf(cluster, 'web')).at(-1)).toBe('Warning SyncLoadBalancerFailed')
    await remove(cluster, 'other')
    await cluster.quiet()
    expect(address(cluster, 'web')).toBe('203.0.113.11')
  })

  test('shares an address until their ports collide; then the one that changed moves', async () => {
    await using cluster = clusterWith(3)
    const meta = { annotations: { 'portolan.dev/allow-shared-ip': 'us' } }
    await create(cluster, 'web', { meta })
    await create(cluster, 'dns', { meta, spec: { ports: [{ port: 53, protocol: 'UDP' }] } })
    await cluster.quiet()
    expect([address(cluster, 'web'), address(cluster, 'dns')]).toEqual(['203.0.113.10', '203.0.113.10'])
    await patch(cluster, 'web', { spec: { ports: [{ port: 53, protocol: 'UDP' }] } })
    await cluster.quiet()
    expect([address(cluster, 'web'), address(cluster, 'dns')]).toEqual(['203.0.113.11', '203.0.113.10'])
  })
})

describe('when all addresses are taken', () => {
  test('the next ones wait, say so once, and get one in the order in which they came', async () => {
    await using cluster = clusterWith(2)
    for (const name of ['a', 'b', 'd', 'c']) {
      await create(cluster, name)
      await cluster.pass(1_000)
    }
    expect(['a', 'b', 'c', 'd'].map((name) => address(cluster, name))).toEqual(['203.0.113.10', '203.0.113.11', undefined, undefined])
    await patch(cluster, 'd', { metadata: { labels: { touched: 'yes' } } })
    await cluster.quiet()
    const [failed] = (await cluster.all(Events)).filter(({ involvedObject }) => involvedObject.name === 'd')
    expect(failed).toMatchObject({
      type: 'Warning',
      reason: 'SyncLoadBalancerFailed',
      message: 'Error syncing load balancer: failed to ensure load balancer: no address of 203.0.113.10-203.0.113.11 is free',
      count: 1,
      source: { component: 'service-controller' },
    })
    await remove(cluster, 'b')
    await cluster.quiet()
    expect(['c', 'd'].map((name) => address(cluster, name))).toEqual([undefined, '203.0.113.11'])
    expect(await eventsOf(cluster, 'd')).toEqual([
      'Warning SyncLoadBalancerFailed',
      'Normal EnsuringLoadBalancer',
      'Normal EnsuredLoadBalancer',
    ])
    await patch(cluster, 'a', { spec: { type: 'LoadBalancer', loadBalancerIP: '203.0.113.99' } })
    await cluster.quiet()
    expect([address(cluster, 'a'), address(cluster, 'c')]).toEqual([undefined, '203.0.113.10'])
  })
})

describe('after a restart', () => {
  test('all keep their addresses, and nothing is written', async () => {
    await using cluster = new TestCluster()
    const ingress = (ip: string) => ({ loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] } })
    const meta = { finalizers: [finalizer] }
    for (const [name, ip] of [['a', '203.0.113.12'], ['b', '203.0.113.10']] as const) {
      cluster.client.seed(Services, { ...service({ name, spec: { type: 'LoadBalancer' }, meta }), status: ingress(ip) })
    }
    run(cluster, 3)
    await cluster.quiet()
    expect(cluster.writesTo(Services)).toEqual([])
    await create(cluster, 'c')
    await cluster.quiet()
    expect(['a', 'b', 'c'].map((name) => address(cluster, name))).toEqual(['203.0.113.12', '203.0.113.10', '203.0.113.11'])
  })

  test('work that was interrupted is brought to its end', async () => {
    await using cluster = new TestCluster()
    cluster.client.seed(Services, service({ name: 'half', spec: { type: 'LoadBalancer' }, meta: { finalizers: [finalizer] } }))
    const left = { finalizers: [finalizer], deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 }
    cluster.client.seed(Services, service({ name: 'left', spec: { type: 'LoadBalancer' }, meta: left }))
    run(cluster, 1)
    await cluster.quiet()
    expect(address(cluster, 'half')).toBe('203.0.113.10')
    expect(stored(cluster, 'left')).toBeUndefined()
  })

  test('of two that claim one address, one gets another', async () => {
    await using cluster = new TestCluster()
    const status = { loadBalancer: { ingress: [{ ip: '203.0.113.10', ipMode: 'VIP' }] } }
    for (const name of ['a', 'b']) {
      const object = service({ name, spec: { type: 'LoadBalancer' }, meta: { finalizers: [finalizer] } })
      cluster.client.seed(Services, { ...object, status })
    }
    run(cluster, 3)
    await cluster.quiet()
    expect([address(cluster, 'a'), address(cluster, 'b')].sort()).toEqual(['203.0.113.10', '203.0.113.11'])
  })
})

test('an address that could not be written is written later', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Services, service({ name: 'web', spec: { type: 'LoadBalancer' }, meta: { finalizers: [finalizer] } }))
  cluster.client.failNext('patch', Services, new Error('no connection'))
  run(cluster, 1)
  await cluster.quiet()
  expect(address(cluster, 'web')).toBe('203.0.113.10')
  expect(cluster.writesTo(Services)).toEqual(['patch status', 'patch status'])
})
