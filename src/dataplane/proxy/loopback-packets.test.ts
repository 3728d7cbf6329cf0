import { afterAll, beforeAll, expect, test } from 'vitest'
import { tableName } from './base-rules.ts'
import { addresses, TestCluster, type NodeName } from './test-cluster-network.ts'
import { briefly, transports } from './test-web-service.ts'

/**
 * That node ports are answered at a node's loopback address makes the kernel route such addresses. Each test shows that
 * nobody else gains by that, and then without the rules in question that it would.
 */
let cluster: TestCluster

beforeAll(async () => {
  cluster = await TestCluster.start()
}, 60_000)

afterAll(() => cluster[Symbol.asyncDispose]())

const neighbours = [
  { name: 'client', via: '169.254.1.1' },
  { name: 'node-2', via: addresses['node-1'] },
] as const

const loopback = 'dev lo table local proto kernel scope host src 127.0.0.1'

/** From here on the neighbour sends what is for a loopback address to the first node, as an intruder may. */
async function lead({ name, via }: (typeof neighbours)[number]): Promise<void> {
  const namespace = cluster.namespace(name)
  await namespace.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet')
  await namespace.ip(
    'route delete local 127.0.0.0/8 dev lo table local',
    'route delete local 127.0.0.1 dev lo table local',
    `route add 127.0.0.1 via ${via} src ${addresses[name]}`,
  )
}

async function leadBack({ name }: (typeof neighbours)[number]): Promise<void> {
  const lines = ['127.0.0.1', '127.0.0.0/8'].map((range) => `route add local ${range} ${loopback}`)
  await cluster.namespace(name).ip('route delete 127.0.0.1', ...lines)
}

const flush = (name: NodeName, chain: string) => cluster.namespace(name).run('nft', 'flush', 'chain', 'inet', tableName, chain)

async function restore(name: NodeName): Promise<void> {
  await cluster.namespace(name).run('nft', 'delete', 'table', 'inet', tableName)
  await cluster.restartProxy(name)
}

interface Spy extends AsyncDisposable {
  /** How many packets passed since the last call. */
  seen(): Promise<number>
}

/** Counts packets that pass a hook of a node. */
async function spy(name: NodeName, hook: string, match: string): Promise<Spy> {
  const namespace = cluster.namespace(name)
  const chain = `chain spy { type filter hook ${hook}; ${match} counter name seen\n}`
  await namespace.run('nft', `table inet spy { counter seen { }\n ${chain}\n}`)
  return {
    async seen() {
      const text = await namespace.run('nft', 'reset', 'counter', 'inet', 'spy', 'seen')
      return Number(/packets (\d+)/.exec(text)?.[1])
    },
    async [Symbol.asyncDispose]() {
      await namespace.run('nft', 'delete', 'table', 'inet', 'spy')
    },
  }
}

test.each(neighbours)('what listens there is out of reach for a neighbour: $name', async (neighbour) => {
  const { name } = neighbour
  await using arrivals = await spy('node-1', 'input priority 0', 'iif != lo ip daddr 127.0.0.1')
  const ask = async () => {
    for (const transport of transports) {
      // Even if the question arrives, the kernel would not take an answer.
      const asked = cluster.peer(name).ask(transport, '127.0.0.1', 9_999, { localAddress: addresses[name], ...briefly })
      await expect(asked).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    }
  }
  await lead(neighbour)
  try {
    await ask()
    expect(await arrivals.seen()).toBe(0)
    await flush('node-1', 'loopback-coming')
    await ask()
    expect(await arrivals.seen()).toBeGreaterThanOrEqual(transports.length)
  } finally {
    await leadBack(neighbour)
    await restore('node-1')
  }
})

test('it never leaves the node as a source', async () => {
  await using arrivals = await spy('node-2', 'prerouting priority -400', 'iif != lo ip saddr 127.0.0.1')
  const ask = async () => {
    const asked = cluster.peer('node-1').ask('udp', addresses['node-2'], 9_999, { localAddress: '127.0.0.1', ...briefly })
    await expect(asked).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  }
  await ask()
  expect(await arrivals.seen()).toBe(0)
  await flush('node-1', 'loopback-leaving')
  try {
    await ask()
    expect(await arrivals.seen()).toBe(1)
  } finally {
    await restore('node-1')
  }
})
