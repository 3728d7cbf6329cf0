import assert from 'node:assert/strict'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Endpoint } from '../../api/kinds/endpoint-slice.ts'
import type { ServiceSpec } from '../../api/kinds/service.ts'
import type { Transport } from '../../kernel/test-peer.ts'
import { addresses, otherOutside, ownNodes, TestCluster, type PeerName, type PodName } from './test-cluster-network.ts'
import { node } from './test-objects.ts'
import {
  balanced,
  briefly,
  clusterIP,
  endpoint,
  local,
  nodePort,
  outcome,
  outcomes,
  serve,
  transports,
  type Frontend,
  type Outcome,
  type WebQuestion,
} from './test-web-service.ts'

interface Row {
  readonly name: string
  readonly says: Partial<ServiceSpec>
  /** A pod is a ready endpoint. */
  readonly endpoints: readonly (PodName | Endpoint)[]
  readonly asks: readonly Asked[]
}

/** Who asks where, over each transport, and what comes of it: each of several, and nothing else. */
type Asked = readonly [PeerName, Frontend, Outcome | readonly Outcome[]]

let cluster: TestCluster

beforeAll(async () => {
  cluster = await TestCluster.start()
}, 60_000)

afterAll(() => cluster[Symbol.asyncDispose]())

beforeEach(() => cluster.clear())

afterEach(() => {
  // A reload would hide a transaction that the kernel refuses.
  assert.deepEqual(cluster.troubles.splice(0), [])
})

const inside = { internalTrafficPolicy: 'Local' }

async function check({ says, endpoints, asks }: Row): Promise<void> {
  await serve(cluster, says, endpoints)
  const found: string[] = []
  for (const [from, to, brings] of asks) {
    for (const transport of transports) found.push(line(from, to, await bring({ from, to, transport }, { brings, endpoints })))
  }
  expect(found).toEqual(asks.flatMap(([from, to, brings]) => transports.map(() => line(from, to, [brings].flat()))))
}

/** One question where one is enough. */
async function bring(question: WebQuestion, { brings, endpoints }: { brings: Asked[2]; endpoints: Row['endpoints'] }): Promise<string[]> {
  if (brings === 'no answer') return [await outcome(cluster, { ...question, ...briefly })]
  if (brings === 'refused' || endpoints.length < 2) return [await outcome(cluster, question)]
  return outcomes(cluster, question)
}

function line(from: PeerName, to: Frontend, outcomes: readonly string[]): string {
  return `${from} asks the ${to}: ${outcomes.join(', ')}`
}

describe('a node port', () => {
  test.each<Row>([
    {
      name: 'leads to an endpoint on this node; the client is hidden',
      says: nodePort,
      endpoints: ['a'],
      asks: [
        ['outside', 'nodePort of node-1', 'a sees node-1'],
        ['client', 'nodePort of node-1', 'a sees node-1'],
        ['a', 'nodePort of node-1', 'a sees node-1'],
        ['node-1', 'nodePort of node-1', 'a sees node-1'],
      ],
    },
    {
      name: 'leads to an endpoint on the other node; the client is hidden behind the node that it asked',
      says: nodePort,
      endpoints: ['b'],
      asks: [
        ['outside', 'nodePort of node-1', 'b sees node-1'],
        ['outside', 'nodePort of node-2', 'b sees node-2'],
        ['client', 'nodePort of node-1', 'b sees node-1'],
        ['client', 'nodePort of node-2', 'b sees node-2'],
        ['b', 'nodePort of node-1', 'b sees node-1'],
        ['node-1', 'nodePort of node-1', 'b sees node-1'],
        ['node-1', 'nodePort of node-2', 'b sees node-2'],
      ],
    },
    {
      name: 'leads to all endpoints, wherever they are',
      says: nodePort,
      endpoints: ['a', 'b'],
      asks: [['outside', 'nodePort of node-1', ['a sees node-1', 'b sees node-1']]],
    },
    {
      name: 'refuses without endpoints',
      says: nodePort,
      endpoints: [],
      asks: [
        ['outside', 'nodePort of node-1', 'refused'],
        ['client', 'nodePort of node-2', 'refused'],
        ['node-1', 'nodePort of node-1', 'refused'],
        ['node-1', 'nodePort of node-2', 'refused'],
      ],
    },
    {
      name: 'refuses if the only endpoint is not ready',
      says: nodePort,
      endpoints: [endpoint('a', { conditions: { ready: false } })],
      asks: [['outside', 'nodePort of node-1', 'refused']],
    },
  ])('$name', check)

  test.each<Row>([
    {
      name: 'answers the node itself at its loopback address, from an endpoint here',
      says: nodePort,
      endpoints: ['a'],
      asks: [['node-1', 'nodePort of localhost', 'a sees node-1']],
    },
    {
      name: 'answers the node itself at its loopback address, from an endpoint elsewhere, whatever the policy',
      says: { ...nodePort, ...local, ...inside },
      endpoints: ['b'],
      asks: [
        ['node-1', 'nodePort of localhost', 'b sees node-1'],
        ['node-2', 'nodePort of localhost', 'b sees node-2'],
      ],
    },
    {
      name: 'is refused at the loopback address without endpoints',
      says: nodePort,
      endpoints: [],
      asks: [['node-1', 'nodePort of localhost', 'refused']],
    },
  ])('$name', check)

  test('that no Service has is left to the sockets of the node', async () => {
    await serve(cluster, { ...nodePort, ports: clusterIP.ports.map((port) => ({ ...port, nodePort: 30_090 })) }, ['a'])
    const onNode = cluster.peer('node-1')
    for (const transport of transports) {
      await onNode.serve(transport, 30_080, addresses['node-1'])
      expect(await outcome(cluster, { from: 'outside', to: 'nodePort of node-1', transport })).toBe('node-1 sees outside')
      expect(await outcome(cluster, { from: 'client', to: 'nodePort of node-1', transport })).toBe('node-1 sees client')
      expect(await outcome(cluster, { from: 'node-1', to: 'nodePort of node-1', transport })).toBe('node-1 sees node-1')
    }
  })
})

describe('externalTrafficPolicy Local', () => {
  test.each<Row>([
    {
      name: 'answers clients from outside on the node that they asked, and shows their addresses',
      says: { ...balanced, ...local },
      endpoints: ['a', 'b'],
      asks: [
        ['outside', 'nodePort of node-1', 'a sees outside'],
        ['outside', 'nodePort of node-2', 'b sees outside'],
        ['outside', 'load balancer by node-1', 'a sees outside'],
        ['outside', 'load balancer by node-2', 'b sees outside'],
        ['outside', 'external IP by node-1', 'a sees outside'],
        ['outside', 'external IP by node-2', 'b sees outside'],
      ],
    },
    {
      name: 'leaves the cluster IP as it is',
      says: { ...balanced, ...local },
      endpoints: ['a', 'b'],
      asks: [['client', 'cluster IP', ['a sees client', 'b sees client']]],
    },
    {
      name: 'gives no answer to clients from outside on a node without an endpoint',
      says: { ...balanced, ...local },
      endpoints: ['b'],
      asks: [
        ['outside', 'nodePort of node-1', 'no answer'],
        ['outside', 'load balancer by node-1', 'no answer'],
        ['outside', 'external IP by node-1', 'no answer'],
        ['node-2', 'nodePort of node-1', 'no answer'],
      ],
    },
    {
      name: 'refuses if there is no endpoint at all',
      says: { ...balanced, ...local },
      endpoints: [],
      asks: [
        ['outside', 'nodePort of node-1', 'refused'],
        ['outside', 'load balancer by node-1', 'refused'],
        ['outside', 'external IP by node-2', 'refused'],
        ['client', 'load balancer by node-1', 'refused'],
        ['node-1', 'external IP by node-1', 'refused'],
      ],
    },
    {
      name: 'leads pods and the node itself to an endpoint anywhere, with their addresses',
      says: { ...balanced, ...local },
      endpoints: ['b'],
      asks: [
        ['client', 'nodePort of node-1', 'b sees client'],
        ['client', 'load balancer by node-1', 'b sees client'],
        ['client', 'external IP by node-1', 'b sees client'],
        ['b', 'load balancer by node-1', 'b sees node-2'],
        ['node-1', 'nodePort of node-1', 'b sees node-1'],
        ['node-1', 'load balancer by node-1', 'b sees node-1'],
        ['node-1', 'external IP by node-1', 'b sees node-1'],
      ],
    },
    {
      name: 'leads pods that ask another node to an endpoint there, with their addresses',
      says: { ...balanced, ...local },
      endpoints: ['a'],
      asks: [['client-2', 'nodePort of node-1', 'a sees client-2']],
    },
    {
      name: 'gives pods no answer that ask another node without an endpoint: they would be answered from elsewhere',
      says: { ...balanced, ...local },
      endpoints: ['b'],
      asks: [['client-2', 'nodePort of node-1', 'no answer']],
    },
  ])('$name', check)
})

describe('an address of a load balancer and an external one', () => {
  test.each<Row>([
    {
      name: 'lead to an endpoint anywhere; the client is hidden',
      says: balanced,
      endpoints: ['b'],
      asks: [
        ['outside', 'load balancer by node-1', 'b sees node-1'],
        ['outside', 'load balancer by node-2', 'b sees node-2'],
        ['outside', 'external IP by node-1', 'b sees node-1'],
        ['outside', 'external IP by node-2', 'b sees node-2'],
        ['client', 'load balancer by node-1', 'b sees node-1'],
        ['b', 'external IP by node-1', 'b sees node-2'],
        ['node-1', 'load balancer by node-1', 'b sees node-1'],
      ],
    },
    {
      name: 'refuse without endpoints',
      says: balanced,
      endpoints: [],
      asks: [
        ['outside', 'load balancer by node-1', 'refused'],
        ['outside', 'external IP by node-2', 'refused'],
        ['client', 'load balancer by node-1', 'refused'],
        ['node-1', 'external IP by node-1', 'refused'],
      ],
    },
  ])('$name', check)
})

describe('loadBalancerSourceRanges', () => {
  const ask = (transport: Transport, localAddress: string = addresses.outside) =>
    outcome(cluster, { from: 'outside', to: 'load balancer by node-1', transport, localAddress, ...briefly })

  test.each(transports)('let clients in and keep others out at the address of the load balancer alone, over %s', async (transport) => {
    await serve(cluster, { ...balanced, ...local, loadBalancerSourceRanges: [`${addresses.outside}/32`, '198.18.0.0/15'] }, ['a'])
    expect(await ask(transport)).toBe('a sees outside')
    expect(await ask(transport, otherOutside)).toBe('no answer')
    expect(await outcome(cluster, { from: 'client', to: 'load balancer by node-1', transport, ...briefly })).toBe('no answer')
    expect(await outcome(cluster, { from: 'outside', to: 'external IP by node-1', transport, localAddress: otherOutside })).toBe('a sees other outside')
    expect(await outcome(cluster, { from: 'outside', to: 'nodePort of node-1', transport, localAddress: otherOutside })).toBe('a sees other outside')
    expect(await outcome(cluster, { from: 'client', to: 'cluster IP', transport })).toBe('a sees client')
  })

  test.each(transports)('can be changed, and taken away, over %s', async (transport) => {
    await serve(cluster, { ...balanced, ...local, loadBalancerSourceRanges: ['203.0.113.0/31'] }, ['a'])
    expect([await ask(transport), await ask(transport, otherOutside)]).toEqual(['no answer', 'no answer'])
    await serve(cluster, { ...balanced, ...local, loadBalancerSourceRanges: ['203.0.113.3/32', '203.0.113.3', '10.0.0.0/8'] }, ['a'])
    expect([await ask(transport), await ask(transport, otherOutside)]).toEqual(['no answer', 'a sees other outside'])
    await serve(cluster, { ...balanced, ...local, loadBalancerSourceRanges: ['203.0.113.3/32', '203.0.113.0/24'] }, ['a'])
    expect([await ask(transport), await ask(transport, otherOutside)]).toEqual(['a sees outside', 'a sees other outside'])
    await serve(cluster, { ...balanced, ...local, loadBalancerSourceRanges: ['10.0.0.0/8'] }, ['a'])
    expect(await ask(transport)).toBe('no answer')
    await serve(cluster, { ...balanced, ...local }, ['a'])
    expect(await ask(transport)).toBe('a sees outside')
  })

  test('keep out those who would be refused, too', async () => {
    await serve(cluster, { ...balanced, loadBalancerSourceRanges: [`${addresses.outside}/32`] }, [])
    expect(await ask('tcp')).toBe('refused')
    expect(await ask('tcp', otherOutside)).toBe('no answer')
  })
})

describe('internalTrafficPolicy Local', () => {
  test.each<Row>([
    {
      name: 'keeps pods and nodes on their node',
      says: { ...clusterIP, ...inside },
      endpoints: ['a', 'b'],
      asks: [
        ['client', 'cluster IP', 'a sees client'],
        ['node-1', 'cluster IP', 'a sees node-1'],
        ['client-2', 'cluster IP', 'b sees client-2'],
        ['node-2', 'cluster IP', 'b sees node-2'],
      ],
    },
    {
      name: 'gives no answer where the endpoints are elsewhere',
      says: { ...clusterIP, ...inside },
      endpoints: ['b'],
      asks: [
        ['client', 'cluster IP', 'no answer'],
        ['node-1', 'cluster IP', 'no answer'],
        ['client-2', 'cluster IP', 'b sees client-2'],
      ],
    },
    {
      name: 'refuses if there is no endpoint at all',
      says: { ...clusterIP, ...inside },
      endpoints: [],
      asks: [
        ['client', 'cluster IP', 'refused'],
        ['node-1', 'cluster IP', 'refused'],
      ],
    },
    {
      name: 'leaves node ports as they are',
      says: { ...nodePort, ...inside },
      endpoints: ['b'],
      asks: [['outside', 'nodePort of node-1', 'b sees node-1']],
    },
  ])('$name', check)
})

describe('a cluster IP', () => {
  test.each<Row>([
    {
      name: 'answers from the other node; pods and nodes keep their addresses, a client outside is hidden',
      says: clusterIP,
      endpoints: ['b'],
      asks: [
        ['client', 'cluster IP', 'b sees client'],
        ['client-2', 'cluster IP', 'b sees client-2'],
        ['b', 'cluster IP', 'b sees node-2'],
        ['node-1', 'cluster IP', 'b sees node-1'],
        ['outside', 'cluster IP', 'b sees node-1'],
      ],
    },
    {
      name: 'answers a client outside from the node that it came to',
      says: clusterIP,
      endpoints: ['a'],
      asks: [['outside', 'cluster IP', 'a sees node-1']],
    },
    {
      name: 'refuses a client outside without endpoints',
      says: clusterIP,
      endpoints: [],
      asks: [['outside', 'cluster IP', 'refused']],
    },
  ])('$name', check)
})

describe('hints', () => {
  const zones = (...names: string[]) => ({ hints: { forZones: names.map((name) => ({ name })) } })
  const names = (...all: string[]) => ({ hints: { forNodes: all.map((name) => ({ name })) } })
  const everywhere: Row['asks'] = [
    ['client', 'cluster IP', ['a sees client', 'b sees client']],
    ['client-2', 'cluster IP', ['a sees client-2', 'b sees client-2']],
  ]
  const near: Row['asks'] = [
    ['client', 'cluster IP', 'a sees client'],
    ['node-1', 'cluster IP', 'a sees node-1'],
    ['client-2', 'cluster IP', 'b sees client-2'],
    ['outside', 'nodePort of node-1', 'a sees node-1'],
    ['outside', 'load balancer by node-2', 'b sees node-2'],
  ]
  test.each<Row>([
    { name: 'keep traffic in the zone', says: balanced, endpoints: [endpoint('a', zones('a')), endpoint('b', zones('b'))], asks: near },
    { name: 'keep traffic on the node', says: balanced, endpoints: [endpoint('a', names('node-1')), endpoint('b', names('node-2'))], asks: near },
    {
      name: 'for the node count before those for the zone',
      says: balanced,
      endpoints: [
        endpoint('a', { hints: { forNodes: [{ name: 'node-1' }], forZones: [{ name: 'b' }] } }),
        endpoint('b', { hints: { forNodes: [{ name: 'node-2' }], forZones: [{ name: 'a' }] } }),
      ],
      asks: near,
    },
    { name: 'may lead across', says: clusterIP, endpoints: [endpoint('a', zones('a', 'b')), endpoint('b', zones('c'))], asks: [['client-2', 'cluster IP', 'a sees client-2']] },
    { name: 'do not count unless every endpoint has one', says: clusterIP, endpoints: [endpoint('a', zones('a')), endpoint('b')], asks: everywhere },
    { name: 'for zones without an endpoint do not count there', says: clusterIP, endpoints: [endpoint('a', zones('c')), endpoint('b', zones('c'))], asks: everywhere },
  ])('$name', check)

  test('follow the node when its zone changes', async () => {
    await serve(cluster, clusterIP, [endpoint('a', zones('a')), endpoint('b', zones('b'))])
    expect(await outcomes(cluster, { from: 'client', to: 'cluster IP', transport: 'tcp' })).toEqual(['a sees client'])
    const own = ownNodes['node-1']
    try {
      cluster.nodes.put(node({ ...own, zone: 'b' }))
      await cluster.settled()
      expect(await outcomes(cluster, { from: 'client', to: 'cluster IP', transport: 'tcp' })).toEqual(['b sees client'])
    } finally {
      cluster.nodes.put(node({ ...own, zone: 'a' }))
    }
  })
})

describe('endpoints that are ending', () => {
  const ending = { conditions: { ready: false, serving: true, terminating: true } }
  const ended = { conditions: { ready: false, serving: false, terminating: true } }

  test.each<Row>([
    {
      name: 'are not used while another is ready',
      says: balanced,
      endpoints: [endpoint('a', ending), 'b'],
      asks: [
        ['client', 'cluster IP', 'b sees client'],
        ['outside', 'nodePort of node-1', 'b sees node-1'],
      ],
    },
    {
      name: 'are used while they serve if none is ready',
      says: balanced,
      endpoints: [endpoint('a', ending), endpoint('b', ended)],
      asks: [
        ['client', 'cluster IP', 'a sees client'],
        ['outside', 'nodePort of node-2', 'a sees node-2'],
        ['outside', 'load balancer by node-1', 'a sees node-1'],
      ],
    },
    {
      name: 'are used on their node if none there is ready, with externalTrafficPolicy Local',
      says: { ...balanced, ...local },
      endpoints: [endpoint('a', ending), 'b'],
      asks: [
        ['outside', 'nodePort of node-1', 'a sees outside'],
        ['outside', 'load balancer by node-1', 'a sees outside'],
        ['outside', 'load balancer by node-2', 'b sees outside'],
        ['client', 'cluster IP', 'b sees client'],
      ],
    },
    {
      name: 'that serve no more are none',
      says: balanced,
      endpoints: [endpoint('a', ended), endpoint('b', ended)],
      asks: [
        ['client', 'cluster IP', 'refused'],
        ['outside', 'nodePort of node-1', 'refused'],
      ],
    },
  ])('$name', check)
})
