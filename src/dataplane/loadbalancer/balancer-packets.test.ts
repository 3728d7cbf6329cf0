import assert from 'node:assert/strict'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Service, ServiceSpec } from '../../api/kinds/service.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { tableName } from './base-rules.ts'
import { nodeHealthPort } from './members.ts'
import { markOf } from './node-mark.ts'
import { TestEdge, numbers, other, web, type NodeNumber } from './test-edge.ts'
import { addressOf, balanced, local, node, slice } from './test-objects.ts'

let edge: TestEdge

beforeAll(async () => {
  edge = await TestEdge.start()
}, 60_000)

afterAll(() => edge[Symbol.asyncDispose]())

beforeEach(() => edge.clear())

afterEach(() => {
  // A reload would hide a transaction that the kernel refuses.
  assert.deepEqual(edge.troubles.splice(0), [])
})

const ports: ServiceSpec['ports'] = [
  { name: 'http', port: 80, protocol: 'TCP' },
  { name: 'dns', port: 53, protocol: 'UDP' },
]
const byClient = { sessionAffinity: 'ClientIP' }
const everywhere = 'node-1, node-2, node-3'

/** Resolves when the load balancer knows that the node is dead, or well again. */
async function setHealth(number: NodeNumber, isWell: boolean): Promise<void> {
  const key = `${addressOf(number)}:${nodeHealthPort}`
  if (isWell) edge.unwell.delete(key)
  else edge.unwell.add(key)
  const mark = markOf(addressOf(number)) ?? ''
  await expect.poll(async () => (await edge.namespaces.edge.run('nft', 'list', 'set', 'inet', tableName, 'members')).includes(mark)).toBe(isWell)
  await edge.balancer.settled()
}

describe('new connections', () => {
  test('are spread over all nodes; nodes see the client, and the address that it asked', async () => {
    await edge.put({ services: [balanced('web', web, { ports })] })
    expect(await edge.whoAnswers(web)).toBe(everywhere)
    expect(await edge.whoAnswers(web, { port: 53, transport: 'udp' })).toBe(everywhere)
  })

  test('are refused at once where nobody serves', async () => {
    await edge.put({ services: [balanced('web', web, { ports })] })
    for (const [address, transport, port] of [[web, 'tcp', 81], [web, 'udp', 80], [other, 'tcp', 80], ['203.0.113.254', 'tcp', 80]] as const) {
      await expect(edge.client.ask(transport, address, port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    }
    await expect(edge.namespaces.outside.run('busybox', 'ping', '-c', '1', '-W', '1', web)).rejects.toThrow('exit 1')
  })

  test('follow Services that come, change and go', async () => {
    await edge.put({ services: [balanced('web', web)] })
    expect(await edge.whoAnswers(web, { times: 1 })).toMatch('node-')
    await edge.put({ services: [balanced('web', other, { ports: [{ port: 81 }] })] })
    await expect(edge.client.ask('tcp', web, 80)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(await edge.whoAnswers(other, { port: 81, times: 1 })).toMatch('node-')
    const foreign: Service = balanced('web', other, { ports: [{ port: 81 }], loadBalancerClass: 'example.com/other' })
    await edge.put({ services: [foreign] })
    await expect(edge.client.ask('tcp', other, 81)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('meet two Services that share an address by its port', async () => {
    const dns = balanced('dns', web, { ports: [{ port: 53, protocol: 'UDP' }] })
    await edge.put({ services: [balanced('web', web, local(32_001)), dns], slices: [slice('web', ['node-2'])] })
    expect(await edge.whoAnswers(web)).toBe('node-2')
    expect(await edge.whoAnswers(web, { port: 53, transport: 'udp' })).toBe(everywhere)
    edge.services.remove('default/dns')
    await edge.balancer.settled()
    await expect(edge.client.ask('udp', web, 53)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(await edge.whoAnswers(web)).toBe('node-2')
  })

  test('come from the edge itself, too', async () => {
    await edge.put({ services: [balanced('web', web)] })
    for (let time = 0; time < 6; time += 1) {
      expect(await edge.beside.ask('tcp', web, 80)).toMatchObject({ server: expect.stringMatching(/^node-/), client: '203.0.113.1' })
    }
    await expect(edge.beside.ask('tcp', web, 81)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('are led to no node that is closed, or gone', async () => {
    await edge.put({ services: [balanced('web', web)] })
    await edge.put({ nodes: [node(1, { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } })] })
    expect(await edge.whoAnswers(web)).toBe('node-2, node-3')
    await edge.put({ nodes: [node(2, { spec: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] } })] })
    expect(await edge.whoAnswers(web)).toBe('node-3')
    edge.nodes.remove('node-3')
    await edge.balancer.settled()
    await expect(edge.client.ask('tcp', web, 80)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await edge.put({ nodes: [node(1)] })
    expect(await edge.whoAnswers(web)).toBe('node-1')
  })

  test('are led to no node that is dead, but anywhere if all seem to be', async () => {
    await edge.put({ services: [balanced('web', web)] })
    await setHealth(1, false)
    expect(await edge.whoAnswers(web)).toBe('node-2, node-3')
    await setHealth(2, false)
    expect(await edge.whoAnswers(web)).toBe('node-3')
    edge.unwell.add(`${addressOf(3)}:${nodeHealthPort}`)
    await expect.poll(() => edge.whoAnswers(web)).toBe(everywhere)
    edge.unwell.clear()
    await expect.poll(() => edge.balancer.settled().then(() => edge.whoAnswers(web))).toBe(everywhere)
  })
})

describe('with externalTrafficPolicy Local, new connections', () => {
  const serve = (...nodes: Parameters<typeof slice>[1]) =>
    edge.put({ services: [balanced('web', web, { ports, ...local(32_001) })], slices: [slice('web', nodes)] })

  test('are led to nodes with endpoints', async () => {
    await serve('node-1', 'node-3')
    expect(await edge.whoAnswers(web)).toBe('node-1, node-3')
    await serve('node-1')
    expect(await edge.whoAnswers(web)).toBe('node-1')
    expect(await edge.whoAnswers(web, { port: 53, transport: 'udp' })).toBe('node-1')
    await serve()
    await expect(edge.client.ask('tcp', web, 80)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('are shared by nodes, however many endpoints each has', async () => {
    await serve('node-1', 'node-1', 'node-1', 'node-2')
    const counts = { 'node-1': 0, 'node-2': 0 }
    for (let time = 0; time < 100; time += 1) {
      const { server } = await edge.client.ask('tcp', web, 80)
      if (server === 'node-1' || server === 'node-2') counts[server] += 1
    }
    // Further from the middle than six standard deviations.
    expect(Math.abs(counts['node-1'] - counts['node-2'])).toBeLessThan(60)
    expect(counts['node-1'] + counts['node-2']).toBe(100)
  })

  test('leave a node as soon as its last ready endpoint does, and come to one when its proxy says that it is well', async () => {
    const ending = { ready: false, serving: true, terminating: true }
    await serve('node-1')
    edge.unwell.add(`${addressOf(2)}:32001`)
    await expect.poll(() => edge.whoAnswers(web)).toBe('node-1')
    await serve('node-1', 'node-2')
    expect(await edge.whoAnswers(web)).toBe('node-1')
    edge.unwell.clear()
    await expect.poll(() => edge.whoAnswers(web)).toBe('node-1, node-2')
    await serve(['node-1', ending], 'node-2')
    expect(await edge.whoAnswers(web)).toBe('node-2')
    // Better somebody who is about to go than nobody.
    await serve(['node-1', ending], ['node-2', { ready: false, serving: false, terminating: true }])
    expect(await edge.whoAnswers(web)).toBe('node-1')
  })
})

describe('affinity', () => {
  test('leads all connections of a client to one node, and stays when others go', async () => {
    await edge.put({ services: [balanced('web', web, byClient)] })
    const first = await edge.whoAnswers(web)
    expect(first).toMatch(/^node-\d$/)
    const its = Number(first.slice('node-'.length))
    for (const number of numbers) if (number !== its) edge.nodes.remove(`node-${number}`)
    await edge.balancer.settled()
    expect(await edge.whoAnswers(web)).toBe(first)
    await edge.put({ nodes: numbers.map((number) => node(number)) })
    expect(await edge.whoAnswers(web)).toBe(first)
    edge.nodes.remove(first)
    await edge.balancer.settled()
    expect(await edge.whoAnswers(web)).toMatch(/^node-\d$/)
  })
})

describe('a connection', () => {
  const serve = (...nodes: string[]) => edge.put({ services: [balanced('web', web, local(32_001))], slices: [slice('web', nodes)] })

  test('stays with its node when new ones are led elsewhere', async () => {
    await serve('node-1')
    const say = await edge.client.open(web, 80)
    expect((await say()).server).toBe('node-1')
    await serve('node-2')
    expect((await say()).server).toBe('node-1')
    expect(await edge.whoAnswers(web)).toBe('node-2')
    await edge.put({ nodes: [node(1, { spec: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] } })] })
    expect((await say()).server).toBe('node-1')
    edge.services.remove('default/web')
    await edge.balancer.settled()
    expect((await say()).server).toBe('node-1')
  })

  test('stays with its node when the load balancer is restarted, and even when the kernel forgets it', async () => {
    await edge.put({ services: [balanced('web', web)] })
    const connections = await Promise.all(Array.from({ length: 6 }, () => edge.client.open(web, 80)))
    const before = await Promise.all(connections.map((say) => say()))
    await edge.restart()
    expect(await Promise.all(connections.map((say) => say()))).toEqual(before)
    await edge.namespaces.edge.run('conntrack', '-F')
    expect(await Promise.all(connections.map((say) => say()))).toEqual(before)
  })

  test('that its node does not answer is led to another when that node is known to be dead', async () => {
    await serve('node-1')
    await edge.node(1).namespace.ip('address delete 192.168.99.11/24 dev b2')
    try {
      const asked = edge.client.ask('tcp', web, 80)
      await expect.poll(() => edge.namespaces.edge.run('conntrack', '-L', '-p', 'tcp', '--state', 'SYN_SENT')).toContain(`dst=${web}`)
      await serve('node-2')
      expect((await asked).server).toBe('node-2')
    } finally {
      await edge.node(1).namespace.ip('address add 192.168.99.11/24 dev b2', 'route replace default via 192.168.99.1')
    }
  })

  test('of datagrams stays with its node until that is dead', async () => {
    const localPort = 4_000
    await edge.put({ services: [balanced('web', web, { ports })] })
    const ask = async () => (await edge.client.ask('udp', web, 53, { localPort })).server
    const first = await ask()
    const its = numbers.find((number) => `node-${number}` === first)
    if (its === undefined) throw new Error(`${first} answered`)
    for (const number of numbers) if (number !== its) edge.nodes.remove(`node-${number}`)
    await edge.balancer.settled()
    expect(await ask()).toBe(first)
    await edge.put({ nodes: numbers.map((number) => node(number)) })
    expect(await ask()).toBe(first)
    await setHealth(its, false)
    expect(await ask()).not.toBe(first)
  })
})

test('what a node sends back because it does not know the address goes round no more', async () => {
  await edge.put({ services: [balanced('web', web, local(32_001))], slices: [slice('web', ['node-1'])] })
  const { namespace } = edge.node(1)
  await namespace.run('nft', `table inet spy { counter seen { }\n chain spy { type filter hook prerouting priority -400; ip daddr ${web} counter name seen\n}\n}`)
  await namespace.ip(`address delete ${web}/32 dev lo`)
  try {
    await expect(edge.client.ask('tcp', web, 80, { patienceMs: 300 })).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    const text = await namespace.run('nft', 'list', 'counter', 'inet', 'spy', 'seen')
    expect(text).toContain('packets 1 ')
  } finally {
    await namespace.ip(`address add ${web}/32 dev lo`)
    await namespace.run('nft', 'delete', 'table', 'inet', 'spy')
  }
})

test('a node that asks for what nobody serves is refused', async () => {
  await edge.put({ services: [balanced('web', web)] })
  const { peer, namespace } = edge.node(1)
  await namespace.ip(`address delete ${other}/32 dev lo`)
  try {
    await expect(peer.ask('tcp', other, 80)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  } finally {
    await namespace.ip(`address add ${other}/32 dev lo`)
  }
})

test('a hundred load balancers leave nothing behind', async () => {
  const listing = () => edge.namespaces.edge.run('nft', '--stateless', 'list', 'table', 'inet', tableName)
  const rules = () => edge.namespaces.edge.run('ip', 'rule', 'show')
  const before = await listing()
  expect((await rules()).match(/proto 109/g)).toHaveLength(3)
  const services = Array.from({ length: 100 }, (_, index) =>
    balanced(`web-${index}`, `203.0.113.${20 + index}`, index % 2 === 0 ? {} : local(31_000 + index)),
  )
  await edge.put({ services, slices: services.map(({ metadata }) => slice(metadata.name, ['node-1', 'node-2'])) })
  expect(await listing()).not.toBe(before)
  for (const { metadata } of services) edge.services.remove(`default/${metadata.name}`)
  await edge.balancer.settled()
  expect(await listing()).toBe(before)
  edge.nodes.remove('node-1')
  await edge.balancer.settled()
  expect((await rules()).match(/proto 109/g)).toHaveLength(2)
})

test('a node on another network gets no connections, and is told of; the others do', async () => {
  const far = node(4)
  await edge.put({ services: [balanced('web', web)], nodes: [{ ...far, status: { addresses: [{ type: 'InternalIP', address: '172.16.0.4' }] } }] })
  expect(await edge.whoAnswers(web)).toBe(everywhere)
  expect(edge.troubles.splice(0)).toMatchObject([{ address: '172.16.0.4', message: expect.stringContaining('no path to a node') }])
  edge.nodes.remove('node-4')
  await edge.balancer.settled()
})

test('what an earlier life left is taken over, and what somebody else changes is mended', async () => {
  const clock = new ManualClock()
  await edge.namespaces.edge.run('nft', 'add', 'rule', 'inet', tableName, 'choose', 'drop')
  await edge.namespaces.edge.ip('rule add pref 109 fwmark 0xc0a8634d lookup 3232260941 protocol 109')
  await edge.restart({ clock })
  await edge.put({ services: [balanced('web', web)] })
  const listing = () => edge.namespaces.edge.run('nft', '--stateless', 'list', 'table', 'inet', tableName)
  const right = await listing()
  expect(await edge.namespaces.edge.run('ip', 'rule', 'show')).not.toContain('0xc0a8634d')
  await edge.namespaces.edge.run('nft', 'flush', 'map', 'inet', tableName, 'frontends')
  // It looks when time has passed, and loads the table once, however often it looks.
  const looked = async () => {
    clock.advance(60_000)
    await edge.balancer.settled()
    return listing()
  }
  await expect.poll(looked).toBe(right)
  for (let time = 0; time < 3; time += 1) expect(await looked()).toBe(right)
  expect(edge.troubles.splice(0)).toMatchObject([{ message: 'somebody else changed the table: it is loaded again' }])
  expect(await edge.whoAnswers(web)).toBe(everywhere)
  await edge.restart()
})

test('paths to nodes that somebody else removes or turns elsewhere are made again', async () => {
  const clock = new ManualClock()
  await edge.restart({ clock })
  await edge.put({ services: [balanced('web', web)] })
  const namespace = edge.namespaces.edge
  const listing = async () => [await namespace.run('ip', 'rule', 'show'), await namespace.run('ip', 'route', 'show', 'table', 'all', 'protocol', '109')].map((text) => text.trim().split('\n').sort())
  const right = await listing()
  const table = (number: NodeNumber) => String(Number(markOf(addressOf(number))))
  await namespace.ip(`rule delete pref 109 lookup ${table(1)}`, `route flush table ${table(2)}`, `route replace default via ${addressOf(1)} table ${table(3)} protocol 109`)
  const looked = async () => {
    clock.advance(60_000)
    await edge.balancer.settled()
    return listing()
  }
  await expect.poll(looked).toEqual(right)
  expect(await looked()).toEqual(right)
  expect(edge.troubles.splice(0)).toMatchObject([{ message: 'somebody else changed the paths to nodes: they are made again' }])
  expect(await edge.whoAnswers(web)).toBe(everywhere)
  await edge.restart()
})
