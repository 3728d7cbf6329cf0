import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ConfigMaps } from '../../src/api/kinds/config-map.ts'
import { apiClient } from '../../src/client/api-client.ts'
import { http2Transport } from '../../src/client/http2-transport.ts'
import { readKubeconfig } from '../../src/client/kubeconfig.ts'
import { contextName } from '../../src/cluster/kubeconfig.ts'
import { layoutOf } from '../../src/cluster/layout.ts'
import { criRuntime } from '../../src/node/cri/cri-runtime.ts'
import { ask } from '../requests.ts'
import { eventually, TestCluster } from '../test-cluster.ts'
import { type VictimKind, victimsOf } from '../victims.ts'

/**
 * Everything dies at random moments, and the cluster becomes what it should be: pods that were not killed are the same
 * ones, none is there twice or forgotten, and what the API has acknowledged is there. `CHAOS_SECONDS` makes it longer.
 */

const seconds = Number(process.env['CHAOS_SECONDS'] ?? 12)
const nodes = ['node-1', 'node-2'] as const
const longestPauseMs = 1_500
const podsAtRest = 4 + 2 + 2 + 2 + 1

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-chaos-${process.pid}`)
  await cluster.up('--nodes', '2')
  await cluster.kubectl('create', '-f', 'test/e2e/chaos.yaml')
  await settled()
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

interface PodSeen {
  readonly name: string
  readonly uid: string
  readonly node: string
  readonly ip: string
  readonly containerId: string
  readonly restarts: number
}

interface PodListed {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string }
  readonly spec: { readonly nodeName?: string }
  readonly status: {
    readonly podIP?: string
    readonly containerStatuses?: readonly { readonly containerID?: string; readonly restartCount: number; readonly ready: boolean }[]
  }
}

/** All pods, once there are as many as there should be and all of them are ready. */
async function settled(expected = podsAtRest): Promise<readonly PodSeen[]> {
  return eventually(
    `${expected} ready pods`,
    async () => {
      const { items } = JSON.parse(await cluster.kubectl('get', 'pods', '-o', 'json')) as { items: readonly PodListed[] }
      const pods = items.map(seen).filter((pod) => pod !== undefined)
      return pods.length === expected && items.length === expected && pods
    },
    120_000,
  )
}

function seen({ metadata, spec, status }: PodListed): PodSeen | undefined {
  const [container] = status.containerStatuses ?? []
  if (metadata.deletionTimestamp !== undefined || container?.ready !== true) return undefined
  const { name, uid } = metadata
  const { nodeName: node = '' } = spec
  return { name, uid, node, ip: status.podIP ?? '', containerId: container.containerID ?? '', restarts: container.restartCount }
}

/** Kills one thing after another until the time is over. Resolves to what was killed. */
async function killing(kinds: readonly VictimKind[], forSeconds: number): Promise<readonly string[]> {
  const killed: string[] = []
  const until = performance.now() + forSeconds * 1000
  while (performance.now() < until) {
    await sleep(Math.random() * longestPauseMs)
    const kind = pick(kinds)
    const victim = pick((await victimsOf(cluster.name)).filter((each) => each.kind === kind))
    if (victim === undefined) continue
    try {
      process.kill(victim.pid, 'SIGKILL')
      killed.push(`${kind} ${victim.pid}`)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  return killed
}

function pick<T>(all: readonly T[]): T | undefined {
  return all[Math.floor(Math.random() * all.length)]
}

/** Runs steps for as long as something else takes. A server that is being restarted refuses them. */
async function meanwhile(during: Promise<unknown>, step: (count: number) => Promise<unknown>): Promise<number> {
  const over = new AbortController()
  const end = () => over.abort()
  during.then(end, end)
  let succeeded = 0
  for (let count = 0; !over.signal.aborted; count += 1) {
    try {
      await step(count)
      succeeded += 1
    } catch {
      await sleep(20)
    }
  }
  return succeeded
}

/** The containers that the runtime of a node runs. */
async function runningOn(node: string): Promise<readonly string[]> {
  const runtime = criRuntime(layoutOf(cluster.home, cluster.name).node(node).containerdSocket)
  try {
    const running = (await runtime.listContainers()).filter(({ state }) => state === 'running')
    return running.map(({ id }) => `containerd://${id}`).sort()
  } finally {
    runtime.close()
  }
}

async function sandboxesOn(node: string): Promise<readonly string[]> {
  const runtime = criRuntime(layoutOf(cluster.home, cluster.name).node(node).containerdSocket)
  try {
    const ready = (await runtime.listPodSandboxes()).filter(({ state }) => state === 'ready')
    return ready.map(({ metadata }) => metadata.uid).sort()
  } finally {
    runtime.close()
  }
}

async function expectExactly(pods: readonly PodSeen[]): Promise<void> {
  expect(new Set(pods.map(({ ip }) => ip)).size).toBe(pods.length)
  for (const node of nodes) {
    const own = pods.filter((pod) => pod.node === node)
    await eventually(`only ${own.length} sandboxes on ${node}`, async () => (await sandboxesOn(node)).length === own.length)
    expect(await sandboxesOn(node)).toEqual(own.map(({ uid }) => uid).sort())
    expect(await runningOn(node)).toEqual(own.map(({ containerId }) => containerId).sort())
  }
}

const clusterIP = async () => (await cluster.words('service/web', '{.spec.clusterIP}'))[0] ?? ''

test('traffic does not notice that server, edge, agents and containerds die, and no pod is touched', async () => {
  const before = await settled()
  const load = { url: `http://${await clusterIP()}/`, connections: 'new', perSecond: 100, concurrency: 4 } as const
  const asking = ask(cluster, { node: 'node-1' }, { ...load, count: load.perSecond * seconds })
  const killed = await killing(['server', 'edge', 'agent', 'containerd'], seconds - longestPauseMs / 1000)
  const { failures } = await asking
  const events = Object.keys(failures).length === 0 ? '' : await cluster.kubectl('get', 'events', '-A', '--sort-by=.lastTimestamp')
  expect({ killed, failures, events }).toEqual({ killed, failures: {}, events: '' })
  expect({ killed, pods: await settled() }).toEqual({ killed, pods: before })
  await expectExactly(before)
})

test('when pods die too and what is wanted changes, the end is what was wanted last, and nothing acknowledged is lost', async () => {
  const transport = http2Transport(await readKubeconfig(join(cluster.home, 'kubeconfig'), contextName(cluster.name)))
  const client = apiClient(transport)
  const written: string[] = []
  const kills = killing(['server', 'edge', 'agent', 'containerd', 'container', 'container', 'sandbox'], seconds)
  await Promise.all([
    meanwhile(kills, async (count) => {
      const { metadata } = await client.create(ConfigMaps, { metadata: { namespace: 'default', name: `written-${count}` } })
      written.push(metadata.name)
      await sleep(10)
    }),
    meanwhile(kills, () => cluster.kubectl('scale', 'deployment/web', `--replicas=${1 + Math.floor(Math.random() * 6)}`)),
  ])
  const killed = await kills
  expect(killed.length).toBeGreaterThan(seconds / 2)
  await eventually('the last scale', () => cluster.kubectl('scale', 'deployment/web', '--replicas=4'))
  const pods = await settled()
  // A containerd that dies while it starts a container takes that one with it.
  const ended = killed.filter((what) => /^(container|sandbox|containerd) /.test(what)).length
  expect(sum(pods.map(({ restarts }) => restarts))).toBeLessThanOrEqual(ended)
  await expectExactly(pods)
  const there = new Set((await client.list(ConfigMaps, { namespace: 'default' })).items.map(({ metadata }) => metadata.name))
  expect(written.length).toBeGreaterThan(0)
  expect(written.filter((name) => !there.has(name))).toEqual([])
  await transport.close()
  await everyPodAnswers(pods)
})

/** On both nodes, through the Service, and nobody else does. An agent that has died often is away for some seconds. */
async function everyPodAnswers(pods: readonly PodSeen[]): Promise<void> {
  const expected = pods.map(({ name }) => name).filter((name) => name.startsWith('web-')).sort()
  const loop = `for i in $(seq 60); do curl -sS --max-time 5 http://${await clusterIP()} || exit 1; done`
  for (const node of nodes) {
    await eventually(`answers on ${node} of exactly ${expected.join(', ')}`, async () => {
      const { stdout } = await cluster.portolan('node', 'exec', node, '--', 'bash', '-c', loop)
      const names = stdout.trim().split('\n').map((line) => line.replace("You've hit ", ''))
      return [...new Set(names)].sort().join() === expected.join()
    })
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
