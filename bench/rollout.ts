import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually, TestCluster } from '../test/test-cluster.ts'
import type { Benchmark, Figure } from './benchmark.ts'
import { ask, failed, type Asked, type Place, type Requests } from '../test/requests.ts'
import { rolloutManifest } from '../test/rollout-manifest.ts'

/** Of each of the ten streams: 100,000 in all. */
const requestsEach = 10_000
const perSecondEach = 250
const concurrency = 4
const replicas = 10
const few = 3
/** Between two disturbances, so that each has some load of its own. */
const restMs = 300

interface Stream {
  readonly name: string
  readonly from: Place
  readonly url: string
  readonly connections: Requests['connections']
}

/**
 * Whether requests are lost while the pods behind a Service are replaced, scaled and deleted all the time. The app has
 * no preStop hook; on SIGTERM it closes its listener and answers what it has. The clients retry nothing. Then the same
 * with pods that are stopped as soon as they are deleted, as elsewhere.
 */
export const rollout: Benchmark = {
  name: 'rollout',
  measures: 'requests lost during rolling updates, scaling and deletion of pods, with and without their orderly departure',
  async run(say) {
    await using cluster = await TestCluster.named('bench-rollout')
    await cluster.up('--nodes', '2')
    const ordered = await measure(cluster, { withdrawFirst: true, say })
    const unordered = await measure(cluster, { withdrawFirst: false, say })
    return [...ordered, ...unordered]
  },
}

interface Mode {
  readonly withdrawFirst: boolean
  readonly say: (line: string) => void
}

async function measure(cluster: TestCluster, { withdrawFirst, say }: Mode): Promise<readonly Figure[]> {
  const name = withdrawFirst ? 'ordered' : 'unordered'
  await cluster.kubectl('create', 'namespace', name)
  await cluster.kubectl('config', 'set-context', '--current', `--namespace=${name}`)
  await apply(cluster, rolloutManifest({ replicas, withdrawFirst, withIngress: true }))
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=120s')
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/client', '--timeout=60s')
  const streams = await streamsTo(cluster)
  const asking = Promise.all(streams.map((stream) => ask(cluster, stream.from, { ...stream, ...load })))
  const turns = await disturbUntil(cluster, asking, say)
  const results = await asking
  say(`${name}: ${turns} disturbances, Events of ${await lossEvents(cluster)} pods that say what may be lost`)
  for (const [index, asked] of results.entries()) say(summary(streams[index], asked))
  await cluster.kubectl('delete', 'namespace', name)
  return streams.map((stream, index) => figureOf(stream, results[index], withdrawFirst))
}

const load = { count: requestsEach, perSecond: perSecondEach, concurrency }

async function apply(cluster: TestCluster, manifest: object): Promise<void> {
  const file = `${cluster.home}/rollout.json`
  await writeFile(file, JSON.stringify(manifest))
  await cluster.kubectl('apply', '-f', file)
}

async function streamsTo(cluster: TestCluster): Promise<readonly Stream[]> {
  const [clusterIP = '', nodePort = ''] = await cluster.words('service/web', '{.spec.clusterIP} {.spec.ports[0].nodePort}')
  const [node = ''] = await cluster.words('node/node-1', '{.status.addresses[?(@.type=="InternalIP")].address}')
  const [balanced, near, ingress] = await Promise.all(['service/web', 'service/near', 'ingress/web'].map((it) => addressOf(cluster, it)))
  const places = [
    { name: 'ClusterIP from a pod', from: { pod: 'client' }, url: `http://${clusterIP}/` },
    { name: 'NodePort from outside', from: 'outside', url: `http://${node}:${nodePort}/` },
    { name: 'LoadBalancer from outside', from: 'outside', url: `http://${balanced}/` },
    { name: 'LoadBalancer with externalTrafficPolicy Local', from: 'outside', url: `http://${near}/` },
    { name: 'Ingress', from: 'outside', url: `http://${ingress}/` },
  ] as const
  return places.flatMap((place) => (['new', 'keep-alive'] as const).map((connections) => ({ ...place, connections })))
}

async function addressOf(cluster: TestCluster, what: string): Promise<string> {
  return eventually(`an address of ${what}`, async () => (await cluster.words(what, '{.status.loadBalancer.ingress[0].ip}'))[0])
}

/** Goes through the disturbances in turn until the promise is settled. Resolves to their number. */
async function disturbUntil(cluster: TestCluster, asking: Promise<unknown>, say: Mode['say']): Promise<number> {
  const over = new AbortController()
  const end = () => over.abort()
  asking.then(end, end)
  for (let count = 0; ; count += 1) {
    const next = disturbances[count % disturbances.length]
    if (next === undefined || over.signal.aborted) return count
    const startedAt = new Date().toISOString()
    await next.disturb(cluster, count)
    say(`  ${startedAt} to ${new Date().toISOString()} ${next.name}`)
    await sleep(restMs)
  }
}

const settled = (cluster: TestCluster) => cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=120s')

interface Disturbance {
  readonly name: string
  disturb(cluster: TestCluster, turn: number): Promise<void>
}

const disturbances: readonly Disturbance[] = [
  {
    name: 'rolling update',
    async disturb(cluster, turn) {
      await cluster.kubectl('set', 'env', 'deployment/web', `TURN=${turn}`)
      await settled(cluster)
    },
  },
  {
    name: `scaling to ${few}`,
    async disturb(cluster) {
      await cluster.kubectl('scale', 'deployment/web', `--replicas=${few}`)
      await eventually('few pods', async () => (await podsOf(cluster)).length === few, 120_000)
    },
  },
  {
    name: `scaling to ${replicas}`,
    async disturb(cluster) {
      await cluster.kubectl('scale', 'deployment/web', `--replicas=${replicas}`)
      await settled(cluster)
    },
  },
  {
    name: `deletion of ${few} pods`,
    async disturb(cluster) {
      const pods = await podsOf(cluster)
      await cluster.kubectl('delete', 'pod', '--wait=false', ...pods.slice(0, few))
      await settled(cluster)
    },
  },
]

function podsOf(cluster: TestCluster): Promise<string[]> {
  return cluster.words('pods', '{.items[*].metadata.name}', '-l', 'app=web')
}

/** Of how many pods an Event says that it was stopped although connections may be lost. */
async function lossEvents(cluster: TestCluster): Promise<string> {
  const counts = ['NotWithdrawn', 'NotAccepted'].map(async (reason) => {
    const names = await cluster.words('events', '{.items[*].metadata.name}', '--field-selector', `reason=${reason}`)
    return `${names.length} (${reason})`
  })
  return (await Promise.all(counts)).join(' and ')
}

function summary(stream: Stream | undefined, asked: Asked): string {
  const { p50, p99, max, failures, firstFailures } = asked
  const times = [p50, p99, max].map((ms) => ms.toFixed(1)).join('/')
  const failed = firstFailures.map((failure) => `\n    ${JSON.stringify(failure)}`)
  return `  ${stream?.name} ${stream?.connections}: failed of ${asked.count}: ${JSON.stringify(failures)}, ${times} ms${failed.join('')}`
}

function figureOf({ name, connections }: Stream, asked: Asked | undefined, withdrawFirst: boolean): Figure {
  const how = withdrawFirst ? 'withdrawn first' : 'stopped at once'
  return {
    what: `${name}, ${connections} connections, pods ${how}: failed of ${requestsEach}`,
    value: asked === undefined ? NaN : failed(asked),
    unit: 'requests',
    ...(withdrawFirst ? { goal: '0' } : {}),
  }
}
