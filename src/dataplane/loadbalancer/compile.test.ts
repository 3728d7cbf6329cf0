import { describe, expect, test } from 'vitest'
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Node } from '../../api/kinds/node.ts'
import { serviceOf } from '../../api/kinds/service-endpoints.ts'
import type { Service } from '../../api/kinds/service.ts'
import { FakeNft } from '../../kernel/nft-fake.ts'
import { elementOperations } from '../../kernel/nft-elements.ts'
import { balancedNode } from './balanced-node.ts'
import { baseRules, tableName } from './base-rules.ts'
import { bucketCount } from './buckets.ts'
import { compile, type Compiled } from './compile.ts'
import type { Health } from './health.ts'
import { addressOf, balanced, domain, local, node, pool, slice } from './test-objects.ts'

const web = '203.0.113.10'

interface Given {
  readonly services: readonly Service[]
  readonly slices?: readonly EndpointSlice[]
  readonly nodes?: readonly Node[]
  /** By `number:port`. */
  readonly health?: Readonly<Record<string, Health>>
}

function compiled({ services, slices = [], nodes = [node(1), node(2), node(3)], health = {} }: Given): Compiled {
  const known = new Map(Object.entries(health).map(([key, value]) => {
    const [number, port] = key.split(':')
    return [`${addressOf(Number(number))}:${port}`, value]
  }))
  return compile({
    services,
    slicesOf: (service) => slices.filter((each) => serviceOf(each) === service),
    nodes: nodes.map(balancedNode).filter((each) => each?.isOpen === true).filter((each) => each !== undefined),
    healthOf: (address, port) => known.get(`${address}:${port}`) ?? 'unknown',
    domain,
  })
}

/** `203.0.113.10 . tcp . 80 → 1 2 3`: each frontend with the numbers of the nodes that it is led to; `by client` if clients stay. */
function summary(given: Given): string[] {
  const { elements } = compiled(given)
  const of = (set: string) => elements.filter((element) => element.set === set)
  return of('frontends').map(({ key, value = '' }) => {
    const members = of('members').filter((member) => member.key.startsWith(value)).map((member) => numberOf(member.key.split(' . ')[1]))
    const owners = new Set(of('buckets').filter((bucket) => bucket.key.startsWith(`${value} . `)).map((bucket) => numberOf(bucket.value)))
    expect([...owners].sort()).toEqual(members)
    const byClient = (Number(value) & 0x1_0000) === 0 ? '' : ' by client'
    return `${key} → ${members.join(' ') || 'refused'}${byClient}`
  })
}

function numberOf(mark = ''): number {
  return Number(mark) - 0xc0a8_6300 - 10
}

const ready = { ready: true }
const ending = { ready: false, serving: true, terminating: true }

describe('connections', () => {
  test.for<{ name: string; given: Given; is: readonly string[] }>([
    { name: 'are led to all nodes', given: { services: [balanced('web', web)] }, is: [`${web} . tcp . 80 → 1 2 3`] },
    {
      name: 'by each port and protocol',
      given: { services: [balanced('web', web, { ports: [{ port: 80 }, { port: 53, protocol: 'UDP' }, { port: 9, protocol: 'SCTP' }] })] },
      is: [`${web} . sctp . 9 → 1 2 3`, `${web} . tcp . 80 → 1 2 3`, `${web} . udp . 53 → 1 2 3`],
    },
    {
      name: 'of an affine Service by their client',
      given: { services: [balanced('web', web, { sessionAffinity: 'ClientIP' }), balanced('other', '203.0.113.11')] },
      is: [`${web} . tcp . 80 → 1 2 3 by client`, '203.0.113.11 . tcp . 80 → 1 2 3'],
    },
    { name: 'are refused without nodes', given: { services: [balanced('web', web)], nodes: [] }, is: [`${web} . tcp . 80 → refused`] },
    {
      name: 'not to nodes that are dead',
      given: { services: [balanced('web', web)], health: { '1:10256': 'unhealthy', '2:10256': 'healthy' } },
      is: [`${web} . tcp . 80 → 2 3`],
    },
    {
      name: 'to all if all seem dead',
      given: { services: [balanced('web', web)], health: { '1:10256': 'unhealthy', '2:10256': 'unhealthy', '3:10256': 'unhealthy' } },
      is: [`${web} . tcp . 80 → 1 2 3`],
    },
    {
      name: 'not to nodes that are excluded or about to be deleted, nor to one without an address',
      given: {
        services: [balanced('web', web)],
        nodes: [
          node(1, { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': 'true' } }),
          node(2, { spec: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] } }),
          node(3, { spec: { unschedulable: true } }),
          { ...node(4), status: { addresses: [{ type: 'Hostname', address: 'node-4' }] } },
          { ...node(5), metadata: { ...node(5).metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
        ],
      },
      is: [`${web} . tcp . 80 → 3`],
    },
    { name: 'not of other classes', given: { services: [balanced('web', web, { loadBalancerClass: 'example.com/lb' })] }, is: [] },
    { name: 'not of other types', given: { services: [balanced('web', web, { type: 'NodePort' })] }, is: [] },
    { name: 'not to addresses outside of the pool', given: { services: [balanced('web', '198.51.100.1'), balanced('v6', 'fd00::1')] }, is: [] },
    {
      name: 'not of Services that nodes do not serve',
      given: { services: [{ ...balanced('web', web), metadata: { ...balanced('web', web).metadata, labels: { 'service.kubernetes.io/service-proxy-name': 'x' } } }] },
      is: [],
    },
    {
      name: 'with Local to nodes with ready endpoints',
      given: {
        services: [balanced('web', web, local(32_001))],
        slices: [slice('web', ['node-1', ['node-2', ending], ['node-3', { ready: false }]]), slice('other', ['node-2'])],
      },
      is: [`${web} . tcp . 80 → 1`],
    },
    {
      name: 'with Local to those that say that they are well, as soon as one does',
      given: {
        services: [balanced('web', web, local(32_001))],
        slices: [slice('web', ['node-1', 'node-2', 'node-3'])],
        health: { '2:32001': 'healthy', '3:32001': 'unhealthy' },
      },
      is: [`${web} . tcp . 80 → 2`],
    },
    {
      name: 'with Local not to one whose node is dead, whatever was heard of its endpoints',
      given: {
        services: [balanced('web', web, local(32_001))],
        slices: [slice('web', ['node-1', 'node-2'])],
        health: { '1:32001': 'healthy', '1:10256': 'unhealthy', '2:32001': 'unhealthy' },
      },
      is: [`${web} . tcp . 80 → 2`],
    },
    {
      name: 'with Local to those that serve to their end if none is ready',
      given: { services: [balanced('web', web, local(32_001))], slices: [slice('web', [['node-1', ending], ['node-2', { ready: false }]])] },
      is: [`${web} . tcp . 80 → 1`],
    },
    { name: 'with Local are refused without endpoints', given: { services: [balanced('web', web, local(32_001))] }, is: [`${web} . tcp . 80 → refused`] },
    {
      name: 'with Local and without a port for health checks go nowhere',
      given: { services: [balanced('web', web, { externalTrafficPolicy: 'Local' })], slices: [slice('web', ['node-1'])] },
      is: [],
    },
    {
      name: 'that two Services claim are the first’s by name',
      given: {
        services: [balanced('b', web), balanced('a', web, local(32_001))],
        slices: [slice('a', [['node-2', ready]])],
      },
      is: [`${web} . tcp . 80 → 2`],
    },
  ])('$name', ({ given, is }) => {
    expect(summary(given)).toEqual(is)
  })
})

test('what is compiled does not depend on the order in which things come, and is what the kernel takes', async () => {
  const services = [balanced('a', web), balanced('b', '203.0.113.11', local(32_001)), balanced('c', '203.0.113.12', { sessionAffinity: 'ClientIP' })]
  const slices = [slice('b', ['node-2', 'node-1'])]
  const nodes = [node(1), node(2), node(3)]
  const one = compiled({ services, slices, nodes })
  expect(compiled({ services: services.toReversed(), slices, nodes: nodes.toReversed() })).toEqual(one)
  expect(one.elements.filter(({ set }) => set === 'buckets')).toHaveLength(3 * bucketCount)
  const nft = new FakeNft()
  await nft.transaction([{ op: 'load', text: baseRules({ pool, nodesDevice: 'nodes' }) }, ...elementOperations('add-elements', tableName, one.elements)])
  expect(await nft.elements(tableName, 'members')).toHaveLength(3 + 2 + 3)
})

describe('checks', () => {
  test('are asked for nothing when nothing is balanced', () => {
    expect(compiled({ services: [balanced('web', web, { type: 'NodePort' })] }).checks).toEqual([])
  })

  test('are of all nodes, and of Services with Local on the nodes that have their endpoints', () => {
    const services = [balanced('web', web), balanced('near', '203.0.113.11', local(32_001))]
    const { checks } = compiled({ services, slices: [slice('near', ['node-2'])] })
    expect(checks).toEqual([
      ...[1, 2, 3].map((number) => ({ address: addressOf(number), port: 10_256, everyMs: 500 })),
      { address: addressOf(2), port: 32_001, everyMs: 1_000 },
    ])
  })

  test('of many Services are asked for less often', () => {
    const services = Array.from({ length: 100 }, (_, index) => balanced(`s${index}`, `203.0.113.${10 + index}`, local(32_000 + index)))
    const slices = services.map(({ metadata }) => slice(metadata.name, ['node-1', 'node-2']))
    const { checks } = compiled({ services, slices })
    expect(checks).toHaveLength(2 + 200)
    expect(checks.at(-1)?.everyMs).toBe(4_000)
    expect(checks[0]?.everyMs).toBe(500)
  })
})
