import assert from 'node:assert/strict'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ServiceSpec } from '../../api/kinds/service.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { parseListing } from '../../kernel/nft-table-listing.ts'
import { tableName } from './base-rules.ts'
import { addresses, tally, TestCluster, type PeerName } from './test-cluster-network.ts'
import {
  balanced,
  clusterIP,
  frontends,
  local,
  nodePort,
  outcome,
  serve,
  webSlice,
  type Frontend,
  type WebQuestion,
} from './test-web-service.ts'

let cluster: TestCluster

beforeAll(async () => {
  cluster = await TestCluster.start()
}, 60_000)

afterAll(() => cluster[Symbol.asyncDispose]())

beforeEach(async () => {
  await cluster.clear()
  await cluster.namespace('node-1').run('nft', 'flush', 'map', 'inet', tableName, 'affinity')
})

afterEach(() => {
  assert.deepEqual(cluster.troubles.splice(0), [])
})

/** Asks the frontend over TCP and says who answered, how often. */
function asked({ from = 'outside', to }: { from?: PeerName; to: Frontend }, times: number): Promise<Record<string, number>> {
  const [address, port] = frontends[to]
  return tally(() => cluster.peer(from).ask('tcp', address, port), times)
}

describe('affinity of clients from outside', () => {
  const sticky = (timeoutSeconds: number) => ({
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds } },
  })
  /** The endpoints a and c are on node-1, so that there is a choice with either policy. */
  const kinds: { name: string; says: Partial<ServiceSpec>; to: Frontend }[] = [
    { name: 'a node port', says: nodePort, to: 'nodePort of node-1' },
    { name: 'a node port with externalTrafficPolicy Local', says: { ...nodePort, ...local }, to: 'nodePort of node-1' },
    { name: 'a load balancer', says: balanced, to: 'load balancer by node-1' },
    { name: 'a load balancer with externalTrafficPolicy Local', says: { ...balanced, ...local }, to: 'load balancer by node-1' },
  ]

  /** The one that all of many connections were answered by. */
  async function theOne(to: Frontend): Promise<string> {
    const counts = await asked({ to }, 20)
    expect(Object.keys(counts)).toHaveLength(1)
    return Object.keys(counts)[0] ?? ''
  }

  test.each(kinds)('lasts at $name while others come and go, until the endpoint leaves', async ({ says, to }) => {
    const stays = { ...says, ...sticky(60) }
    await serve(cluster, stays, ['a', 'c'])
    const first = await theOne(to)
    await serve(cluster, stays, ['a', 'b', 'c'])
    expect(await theOne(to)).toBe(first)
    await serve(cluster, stays, first === 'a' ? ['a'] : ['c'])
    expect(await theOne(to)).toBe(first)
    const [other, left] = first === 'a' ? (['c', ['b', 'c']] as const) : (['a', ['a', 'b']] as const)
    await serve(cluster, { ...stays, ...local }, left)
    expect(await theOne(to)).toBe(other)
    await serve(cluster, stays, ['a', 'b', 'c'])
    expect(await theOne(to)).toBe(other)
  })

  test.each(kinds)('can be switched on and off at $name', async ({ says, to }) => {
    await serve(cluster, says, ['a', 'c'])
    expect(Object.keys(await asked({ to }, 21))).toHaveLength(2)
    await serve(cluster, { ...says, ...sticky(60) }, ['a', 'c'])
    const first = await theOne(to)
    await serve(cluster, { ...says, ...sticky(90) }, ['a', 'c'])
    expect(await theOne(to)).toBe(first)
    await serve(cluster, says, ['a', 'c'])
    expect(Object.keys(await asked({ to }, 21))).toHaveLength(2)
  })

  test('is of each client its own, and lasts at each frontend by itself', async () => {
    await serve(cluster, { ...nodePort, ...sticky(60) }, ['a', 'c'])
    await asked({ to: 'nodePort of node-1' }, 1)
    await asked({ from: 'client', to: 'cluster IP' }, 1)
    await asked({ from: 'client-2', to: 'nodePort of node-1' }, 1)
    const remembered = (await affinities()).map(({ key }) => key)
    expect(remembered.sort()).toEqual([
      `${addresses.client} . 10.96.0.10 . tcp . 80`,
      `${addresses['client-2']} . ${addresses['node-1']} . tcp . 30080`,
      `${addresses.outside} . ${addresses['node-1']} . tcp . 30080`,
    ])
  })

  test('lasts as long as its time after the last connection', async () => {
    await serve(cluster, { ...nodePort, ...sticky(60) }, ['a', 'c'])
    const first = await theOne('nodePort of node-1')
    await expect.poll(leftMs, { timeout: 10_000 }).toBeLessThan(58_000)
    const left = await leftMs()
    expect(await theOne('nodePort of node-1')).toBe(first)
    expect(await leftMs()).toBeGreaterThan(left)
  })

  test('survives another proxy', async () => {
    await serve(cluster, { ...nodePort, ...sticky(60) }, ['a', 'c'])
    const first = await theOne('nodePort of node-1')
    await cluster.restartProxy('node-1')
    expect(await theOne('nodePort of node-1')).toBe(first)
  })

  test('survives that somebody else changes rules and the whole table is loaded again', async () => {
    const clock = new ManualClock()
    await cluster.restartProxy('node-1', { clock })
    for (const seconds of [60, 90]) {
      await serve(cluster, { ...nodePort, ...sticky(seconds) }, ['a', 'c'])
      await theOne('nodePort of node-1')
    }
    const first = await theOne('nodePort of node-1')
    const left = await leftMs()
    const node = cluster.namespace('node-1')
    const rules = () => node.run('nft', '--stateless', 'list', 'chain', 'inet', tableName, 'prerouting')
    const right = await rules()
    await node.run('nft', 'flush', 'chain', 'inet', tableName, 'prerouting')
    await expect(asked({ to: 'nodePort of node-1' }, 1)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    clock.advance(50) // what lingers is looked after first
    await cluster.settled()
    clock.advance(60_000)
    await expect.poll(rules).toBe(right)
    await cluster.settled()
    expect(await leftMs()).toBeLessThan(left)
    expect(await theOne('nodePort of node-1')).toBe(first)
    expect(await leftMs()).toBeGreaterThan(60_000)
    expect(cluster.troubles.splice(0)).toMatchObject([{ message: 'somebody else changed the table: it is loaded again' }])
    await cluster.restartProxy('node-1')
  })

  async function affinities() {
    const text = await cluster.namespace('node-1').run('nft', 'list', 'table', 'inet', tableName)
    return parseListing(text).timed.get('affinity') ?? []
  }

  /** Of the only client that is remembered. */
  async function leftMs(): Promise<number> {
    const [, minutes = '0', seconds = '0', ms = '0'] = /^(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec((await affinities())[0]?.expires ?? '') ?? []
    return Number(minutes) * 60_000 + Number(seconds) * 1000 + Number(ms)
  }
})

describe('datagrams from one and the same port', () => {
  const localPort = 4000
  const kinds: { name: string; says: Partial<ServiceSpec>; from: PeerName; to: Frontend }[] = [
    { name: 'the cluster IP', says: clusterIP, from: 'client', to: 'cluster IP' },
    { name: 'a node port', says: nodePort, from: 'outside', to: 'nodePort of node-1' },
    { name: 'a node port, from a pod', says: nodePort, from: 'client', to: 'nodePort of node-1' },
    { name: 'a node port with externalTrafficPolicy Local', says: { ...nodePort, ...local }, from: 'outside', to: 'nodePort of node-1' },
    { name: 'a load balancer', says: balanced, from: 'outside', to: 'load balancer by node-1' },
    { name: 'a load balancer with externalTrafficPolicy Local', says: { ...balanced, ...local }, from: 'outside', to: 'load balancer by node-1' },
    { name: 'an external IP', says: balanced, from: 'outside', to: 'external IP by node-1' },
  ]
  const send = async ({ from, to }: Pick<WebQuestion, 'from' | 'to'>) =>
    (await outcome(cluster, { from, to, transport: 'udp', localPort })).replace(/ sees .*/, '')

  test.each(kinds)('to $name go to another endpoint as soon as theirs leaves', async ({ says, ...question }) => {
    await serve(cluster, says, ['a'])
    expect(await send(question)).toBe('a')
    await cluster.put({ slices: [webSlice(['c'])] })
    expect(await send(question)).toBe('c')
    await cluster.put({ slices: [webSlice([])] })
    expect(await send(question)).toBe('refused')
  })

  test.each(kinds)('to $name stay with their endpoint while others come and go', async ({ says, ...question }) => {
    await serve(cluster, says, ['a'])
    expect(await send(question)).toBe('a')
    for (const pods of [['a', 'b', 'c'], ['a', 'c'], ['a']] as const) {
      await cluster.put({ slices: [webSlice(pods)] })
      for (let time = 0; time < 5; time += 1) expect(await send(question)).toBe('a')
    }
  })

  test.each(kinds)('to $name are answered as soon as there is an endpoint', async ({ says, ...question }) => {
    await serve(cluster, says, [])
    expect(await send(question)).toBe('refused')
    await cluster.put({ slices: [webSlice(['a'])] })
    expect(await send(question)).toBe('a')
  })

  test.each(kinds)('to $name are answered as soon as there is a Service, whatever became of them before', async ({ says, ...question }) => {
    const [address, port] = frontends[question.to]
    // What nobody has goes round between node and edge, to be given up, or to the node.
    const codes = ['ECONNREFUSED', 'EHOSTUNREACH', 'ETIMEDOUT']
    const nobody = cluster.peer(question.from).ask('udp', address, port, { localPort, patienceMs: 300 })
    await expect(nobody).rejects.toMatchObject({ code: expect.toSatisfy((code) => codes.includes(code)) })
    await serve(cluster, says, ['a'])
    expect(await send(question)).toBe('a')
  })

  test('to a node port are answered by the Service that gets it, not by the node any more, which gets them again afterwards', async () => {
    await cluster.peer('node-1').serve('udp', 30_080, addresses['node-1'])
    const question = { from: 'outside', to: 'nodePort of node-1' } as const
    expect(await send(question)).toBe('node-1')
    await serve(cluster, nodePort, ['b'])
    expect(await send(question)).toBe('b')
    cluster.services.remove('default/web')
    await cluster.settled()
    expect(await send(question)).toBe('node-1')
  })

  test('are dropped without a local endpoint, and answered as soon as there is one', async () => {
    const question = { from: 'outside', to: 'load balancer by node-1', transport: 'udp', localPort } as const
    await serve(cluster, { ...balanced, ...local }, ['b'])
    expect(await outcome(cluster, { ...question, patienceMs: 300 })).toBe('no answer')
    await cluster.put({ slices: [webSlice(['a', 'b'])] })
    expect(await outcome(cluster, question)).toBe('a sees outside')
  })
})
