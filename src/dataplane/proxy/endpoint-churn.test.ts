import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { ServiceSpec } from '../../api/kinds/service.ts'
import { systemClock, type Clock } from '../../base/clock.ts'
import { nftSession } from '../../kernel/nft-session.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { tableName } from './base-rules.ts'
import { slice } from './test-objects.ts'
import { addresses, TestCluster, type PeerName } from './test-cluster-network.ts'
import { frontends, nodePort, serve, type Frontend } from './test-web-service.ts'

/** Every pod twice, by either port. */
const endpoints = [8080, 9090].flatMap((port) => (['a', 'b', 'c'] as const).map((pod) => ({ pod, port })))
const counts = [1, 6, 2, 5, 3, 4]
const [connections, atOnce, leastChanges] = [300, 6, 40]
/** Rules that a packet meets in vain between its two lookups, which makes the time between them many times as long. */
const obstacles = 2000
const affinity = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } }

/** An inspection would take the obstacles away. */
const withoutInspection: Clock = {
  ...systemClock,
  sleep: (ms, signal) => (ms < 60_000 ? systemClock.sleep(ms, signal) : new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason))
  })),
}

let cluster: TestCluster
let scratchDirectory: string
let nft: ReturnType<typeof nftSession>

beforeAll(async () => {
  cluster = await TestCluster.start()
  scratchDirectory = await mkdtemp(join(tmpdir(), 'portolan-churn-'))
  const netns = cluster.namespace('node-1').path
  nft = nftSession({ processes: realProcesses, clock: systemClock, netns, scratchDirectory })
  await cluster.restartProxy('node-1', { nft, clock: withoutInspection })
}, 60_000)

afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await nft[Symbol.asyncDispose]()
  await rm(scratchDirectory, { recursive: true })
})

afterEach(() => {
  // A reload would hide a transaction that the kernel refuses.
  assert.deepEqual(cluster.troubles.splice(0), [])
})

/** So many of the endpoints, others each time. */
function choose(step: number): readonly { pod: 'a' | 'b' | 'c'; port: number }[] {
  const count = counts[step % counts.length] ?? 1
  return Array.from({ length: count }, (_, index) => endpoints[(step * 5 + index) % endpoints.length]).filter((each) => each !== undefined)
}

async function change(step: number): Promise<void> {
  const chosen = choose(step)
  cluster.slices.put(
    ...[8080, 9090].map((port) => {
      const pods = chosen.filter((each) => each.port === port).map(({ pod }) => addresses[pod])
      return slice('web', pods, { name: `web-${port}`, ports: [{ name: 'tcp', port, protocol: 'TCP' }] })
    }),
  )
  await cluster.proxy('node-1').settled()
}

const obstructed = new Set<string>()

/** Before the rules of every chain that chooses among endpoints: there are all of them after as many changes. */
async function obstruct(): Promise<void> {
  for (let step = 0; step < counts.length; step += 1) await change(step)
  const node = cluster.namespace('node-1')
  const listed = (await node.run('nft', 'list', 'chains')).matchAll(/chain ((?:pick|sticky)-\S+)/g)
  const chains = [...listed].map(([, chain = '']) => chain).filter((chain) => !obstructed.has(chain))
  for (const chain of chains) obstructed.add(chain)
  const lines = chains.flatMap((chain) => Array<string>(obstacles).fill(`insert rule inet ${tableName} ${chain} meta length 0 drop\n`))
  await realProcesses.run(['nft', '-f', '-'], { netns: node.path, input: lines.join('') })
}

/** One connection after the other, until so many are made and so many changes are over. */
async function connect({ from, to }: { from: PeerName; to: Frontend }, isOver: () => boolean): Promise<string[]> {
  const [address, port] = frontends[to]
  const failures: string[] = []
  for (let made = 0; made < connections / atOnce || !isOver(); made += 1) {
    try {
      await cluster.peer(from).ask('tcp', address, port, { patienceMs: 15_000 })
    } catch (error) {
      failures.push(String(error))
    }
  }
  return failures
}

test.each<{ name: string; says: Partial<ServiceSpec>; from: PeerName; to: Frontend }>([
  { name: 'a pod uses the cluster IP', says: nodePort, from: 'client', to: 'cluster IP' },
  { name: 'a pod uses the cluster IP, with affinity', says: { ...nodePort, ...affinity }, from: 'client', to: 'cluster IP' },
  { name: 'the node uses the cluster IP', says: nodePort, from: 'node-1', to: 'cluster IP' },
  { name: 'a client outside uses the node port', says: nodePort, from: 'outside', to: 'nodePort of node-1' },
  { name: 'a client outside uses the node port, with affinity', says: { ...nodePort, ...affinity }, from: 'outside', to: 'nodePort of node-1' },
])('no connection is refused while endpoints come and go, one set of working ones after the other: $name', async ({ says, from, to }) => {
  await serve(cluster, says, [])
  await obstruct()
  let steps = 0
  const clients = Array.from({ length: atOnce }, () => connect({ from, to }, () => steps > leastChanges))
  const all = Promise.all(clients)
  const over = new AbortController()
  const changing = (async () => {
    for (; !over.signal.aborted; steps += 1) await change(steps)
  })()
  try {
    expect((await all).flat()).toEqual([])
  } finally {
    over.abort()
    await changing
  }
  expect(steps).toBeGreaterThan(leastChanges)
}, 60_000)
