import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { eventually, TestCluster } from '../test/test-cluster.ts'
import { rolloutManifest } from '../test/rollout-manifest.ts'
import { type Benchmark, type Figure, median } from './benchmark.ts'

const rounds = 3
const everyMs = 5
const victim = 'node-2'
/** Before the power is cut, and after the cluster has got over it. */
const calmMs = 1_000
const program = fileURLToPath(new URL('fail-over-program.ts', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))

interface Lost {
  /** By the client's own clock. */
  readonly sentAtMs: number
  readonly code: string
}

interface Outcome {
  readonly sent: number
  readonly lost: readonly Lost[]
}

/**
 * One of three nodes loses its power while clients outside ask two load balancers, with a new connection every 5 ms: what is
 * lost, and for how long. Until the node is known to be gone, its pods are endpoints; only a balancer that goes to nodes
 * with pods of their own (`externalTrafficPolicy: Local`) avoids them as soon as it avoids the node.
 */
export const failOver: Benchmark = {
  name: 'fail-over',
  measures: 'requests lost, and for how long, when one of three nodes loses its power; an address for a load balancer',
  async run(say) {
    await using cluster = await TestCluster.named('bench-fail-over')
    await cluster.up('--nodes', '3')
    const file = `${cluster.home}/rollout.json`
    await writeFile(file, JSON.stringify(rolloutManifest({ replicas: 6, withdrawFirst: true, withIngress: false })))
    const addressMs = await balancedWithin(cluster, file)
    await whole(cluster)
    const near: Outcome[] = []
    const web: Outcome[] = []
    for (let round = 1; round <= rounds; round += 1) {
      const [ofNear, ofWeb] = await cutPower(cluster)
      say(`round ${round}: Local ${summary(ofNear)}; Cluster ${summary(ofWeb)}`)
      near.push(ofNear)
      web.push(ofWeb)
    }
    return [
      { what: 'load balancer created → it has an address', value: addressMs, unit: 'ms', goal: '≤ 1000 ms' },
      ...figuresOf('externalTrafficPolicy: Local', near, '≤ 2000 ms'),
      ...figuresOf('externalTrafficPolicy: Cluster', web, undefined),
    ]
  },
}

async function balancedWithin(cluster: TestCluster, file: string): Promise<number> {
  await cluster.kubectl('create', '-f', file)
  const started = performance.now()
  await Promise.all(['web', 'near'].map((service) => addressOf(cluster, service)))
  return performance.now() - started
}

function addressOf(cluster: TestCluster, service: string): Promise<string> {
  return eventually('an address', async () => (await cluster.words(`service/${service}`, '{.status.loadBalancer.ingress[0].ip}'))[0])
}

/** Two pods of the app on each node, all of them in the Services. */
async function whole(cluster: TestCluster): Promise<void> {
  await cluster.kubectl('rollout', 'restart', 'deployment/web')
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=120s')
  await eventually('endpoints on every node', async () => (await nodesInService(cluster)).size === 3)
}

async function nodesInService(cluster: TestCluster): Promise<ReadonlySet<string>> {
  return new Set(await cluster.words('endpointslices', '{.items[*].endpoints[?(@.conditions.ready==true)].nodeName}', '-l', 'kubernetes.io/service-name=web'))
}

async function cutPower(cluster: TestCluster): Promise<[Outcome, Outcome]> {
  const addresses = await Promise.all(['near', 'web'].map((service) => addressOf(cluster, service)))
  const clients = addresses.map((address) => startClient(cluster, `http://${address}/`))
  await sleep(calmMs)
  await cluster.portolan('node', 'stop', victim)
  await eventually(`no endpoint on ${victim}`, async () => !(await nodesInService(cluster)).has(victim), 120_000)
  await sleep(calmMs)
  const [near, web] = await Promise.all(clients.map((end) => end()))
  await cluster.portolan('node', 'start', victim)
  await cluster.kubectl('wait', '--for=condition=Ready', `node/${victim}`, '--timeout=60s')
  await whole(cluster)
  if (near === undefined || web === undefined) throw new Error('a client told nothing')
  return [near, web]
}

/** Returns the function that ends it. */
function startClient({ name, environment }: TestCluster, url: string): () => Promise<Outcome> {
  const words = ['client', '--name', name, '--', process.execPath, program, url, String(everyMs)]
  const child = spawn('./portolan', words, { cwd: root, env: environment, stdio: ['pipe', 'pipe', 'inherit'] })
  const output = text(child.stdout)
  const closed = once(child, 'close')
  return async () => {
    child.stdin.end()
    const [code] = await closed
    if (code !== 0) throw new Error(`the client ended with ${code}`)
    return JSON.parse(await output) as Outcome
  }
}

/** From the first to the last request that was lost. */
function outageMs({ lost }: Outcome): number {
  const times = lost.map(({ sentAtMs }) => sentAtMs)
  return times.length === 0 ? 0 : Math.max(...times) - Math.min(...times)
}

function summary(outcome: Outcome): string {
  const codes = new Map<string, number>()
  for (const { code } of outcome.lost) codes.set(code, (codes.get(code) ?? 0) + 1)
  return `${outcome.lost.length} of ${outcome.sent} lost within ${outageMs(outcome).toFixed(0)} ms ${JSON.stringify(Object.fromEntries(codes))}`
}

function figuresOf(what: string, outcomes: readonly Outcome[], goal: string | undefined): Figure[] {
  return [
    { what: `${what}: first to last lost request`, value: median(outcomes.map(outageMs)), unit: 'ms', ...(goal === undefined ? {} : { goal }) },
    { what: `${what}: lost, of 200 a second`, value: median(outcomes.map(({ lost }) => lost.length)), unit: 'requests' },
  ]
}
