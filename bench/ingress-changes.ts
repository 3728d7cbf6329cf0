import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deployments } from '../src/api/kinds/deployment.ts'
import { Ingresses } from '../src/api/kinds/ingress.ts'
import { Pods } from '../src/api/kinds/pod.ts'
import { Secrets } from '../src/api/kinds/secret.ts'
import { throwawayPki } from '../src/base/throwaway-pki.ts'
import { apiClient } from '../src/client/api-client.ts'
import type { Client } from '../src/client/client.ts'
import { http2Transport } from '../src/client/http2-transport.ts'
import { readKubeconfig } from '../src/client/kubeconfig.ts'
import { layoutOf } from '../src/cluster/layout.ts'
import { eventually, TestCluster } from '../test/test-cluster.ts'
import type { Benchmark, Figure } from './benchmark.ts'
import { canaryOf, hosts, ingress, ingressChangesManifest, service, webSocketPods } from './ingress-changes-manifest.ts'
import { type Clients, runClients } from './ingress-clients.ts'

const address = '203.0.113.3'
const seconds = 300
const changeEveryMs = 500
/** Every so many changes there is a new backend, which takes a new process of HAProxy. */
const newBackendEvery = 30
const namespace = 'default'

/**
 * Whether a request is lost or a WebSocket dropped in five minutes, while twice a second something changes: endpoints, pods,
 * routes, weights, certificates, and now and then a new backend. On a live cluster, from outside; nothing is retried.
 */
export const ingressChanges: Benchmark = {
  name: 'ingress-changes',
  measures: 'requests lost and WebSockets dropped through the ingress in 5 minutes of changes, two a second',
  async run(say) {
    await using cluster = await TestCluster.named('bench-ingress')
    await cluster.up()
    const pairs = await certificates(2)
    await prepare(cluster, pairs)
    await using api = await apiOf(cluster)
    const over = new AbortController()
    const [changes, clients] = await Promise.all([
      changeUntil(over.signal, { client: api.client, cluster, pairs }),
      runClients(cluster, { address, hosts, seconds }).finally(() => over.abort()),
    ])
    say(`${JSON.stringify(changes)}; processes of HAProxy: ${await starts(cluster)}`)
    for (const [name, { count, failures }] of Object.entries(clients)) say(`${name}: ${count}, failed: ${JSON.stringify(failures)}`)
    return figuresOf(clients, Object.values(changes).reduce((sum, count) => sum + count, 0))
  },
}

interface Pair {
  readonly cert: string
  readonly key: string
}

async function certificates(count: number): Promise<readonly Pair[]> {
  const pki = await throwawayPki()
  return Promise.all(Array.from({ length: count }, (_, index) => pki.issue(`CN=certificate-${index}`)))
}

async function prepare(cluster: TestCluster, [first]: readonly Pair[]): Promise<void> {
  await apply(cluster, ingressChangesManifest())
  if (first !== undefined) await apply(cluster, secretOf(first))
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=120s')
  await cluster.kubectl('wait', '--for=condition=Ready', ...webSocketPods.map((name) => `pod/${name}`), '--timeout=60s')
  for (const host of hosts) {
    await eventually(host, async () => {
      const { stdout } = await cluster.portolan('client', '--', 'curl', '-s', '-H', `Host: ${host}`, `http://${address}/`)
      return stdout.startsWith("You've hit ")
    })
  }
}

async function apply(cluster: TestCluster, object: object): Promise<void> {
  const file = join(cluster.home, 'object.json')
  await writeFile(file, JSON.stringify(object))
  await cluster.kubectl('apply', '-f', file)
}

function secretOf({ cert, key }: Pair): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'certificate' }, type: 'kubernetes.io/tls', stringData: { 'tls.crt': cert, 'tls.key': key } }
}

/** kubectl would take longer for a change than there is time. */
async function apiOf(cluster: TestCluster): Promise<{ client: Client } & AsyncDisposable> {
  const transport = http2Transport({ ...(await readKubeconfig(join(cluster.home, 'kubeconfig'))), userAgent: 'bench-ingress-changes' })
  return { client: apiClient(transport), [Symbol.asyncDispose]: () => transport.close() }
}

interface Changing {
  readonly client: Client
  readonly cluster: TestCluster
  readonly pairs: readonly Pair[]
}

/** Makes changes in turn until the signal aborts. Resolves to how many there were of each sort. */
async function changeUntil(signal: AbortSignal, changing: Changing): Promise<Record<string, number>> {
  const rounds = new Map<Change, number>()
  for (let turn = 0; !signal.aborted; turn += 1) {
    const startedMs = performance.now()
    const change = turn % newBackendEvery === newBackendEvery - 1 ? newBackend : changes[turn % changes.length]
    if (change === undefined) throw new Error('there is nothing to change')
    const round = rounds.get(change) ?? 0
    await change(changing, round)
    rounds.set(change, round + 1)
    await sleep(Math.max(0, changeEveryMs - (performance.now() - startedMs)))
  }
  return Object.fromEntries([...rounds].map(([change, count]) => [change.name, count]))
}

/** Makes the change of that number, of its sort. */
type Change = (changing: Changing, round: number) => Promise<unknown>

const merged = (body: unknown) => ({ type: 'merge', body }) as const

const changes: readonly Change[] = [moveWebSocketPod, comeOrGo, replaceCertificate, changeWeight, moveWebSocketPod, moveRoute, rollOut, deletePod]

/** It leaves its Service, or comes back; its connections stay. One pod always stays. */
async function moveWebSocketPod({ client }: Changing, round: number): Promise<void> {
  const name = webSocketPods[1 + (Math.floor(round / 2) % 2)] ?? ''
  const { metadata } = await client.get(Pods, { namespace, name })
  const app = metadata.labels?.['app'] === 'socket' ? 'away' : 'socket'
  await client.patch(Pods, { namespace, name }, merged({ metadata: { labels: { app } } }))
}

async function comeOrGo({ client }: Changing, round: number): Promise<void> {
  if (round % 2 === 1) return client.delete(Ingresses, { namespace, name: 'passing' })
  await client.create(Ingresses, ingress('passing', `passing-${round}.example.com`, 'web'))
}

async function replaceCertificate({ client, pairs }: Changing, round: number): Promise<void> {
  const pair = pairs[round % pairs.length]
  if (pair === undefined) throw new Error('there is no certificate')
  const encoded = (text: string) => Buffer.from(text).toString('base64')
  await client.patch(Secrets, { namespace, name: 'certificate' }, merged({ data: { 'tls.crt': encoded(pair.cert), 'tls.key': encoded(pair.key) } }))
}

async function changeWeight({ client }: Changing, round: number): Promise<void> {
  await client.patch(Ingresses, { namespace, name: 'canary' }, merged({ metadata: { annotations: canaryOf((round * 25) % 125) } }))
}

async function moveRoute({ client }: Changing, round: number): Promise<void> {
  const { spec } = ingress('moving', hosts[2], round % 2 === 0 ? 'web-again' : 'web')
  await client.patch(Ingresses, { namespace, name: 'moving' }, merged({ spec }))
}

/** One after the other: what has begun is not overtaken. */
async function rollOut({ client }: Changing, round: number): Promise<void> {
  const { spec, status } = await client.get(Deployments, { namespace, name: 'web' })
  if (status?.updatedReplicas !== spec.replicas || status?.availableReplicas !== spec.replicas) return
  await client.patch(Deployments, { namespace, name: 'web' }, merged({ spec: { template: { metadata: { annotations: { round: String(round) } } } } }))
}

async function deletePod({ client }: Changing): Promise<void> {
  const { items } = await client.list(Pods, { namespace, labelSelector: 'app=web' })
  const ready = items.filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true)
  // Whoever deletes the last that is ready takes the Service down.
  if (ready.length > 2) await client.delete(Pods, { namespace, name: ready[0]?.metadata.name ?? '' })
}

async function newBackend({ cluster }: Changing, round: number): Promise<void> {
  await apply(cluster, { apiVersion: 'v1', kind: 'List', items: [service(`new-${round}`, 'web'), ingress('new', `new-${round}.example.com`, `new-${round}`)] })
}

/** How often HAProxy was started, as the edge tells. */
async function starts(cluster: TestCluster): Promise<number> {
  const log = await readFile(join(layoutOf(cluster.home, cluster.name).logs, 'edge.log'), 'utf8')
  return log.split('HAProxy has a new configuration').length - 1
}

function figuresOf(clients: Clients, changed: number): readonly Figure[] {
  return [
    { what: `changes in ${seconds} s`, value: changed, unit: 'changes' },
    ...Object.entries(clients).flatMap(([name, { count, failures }]): Figure[] => [
      { what: `${name}: asked`, value: count, unit: 'requests' },
      { what: `${name}: failed`, value: Object.values(failures).reduce((sum, each) => sum + each, 0), unit: 'requests', goal: '0' },
    ]),
  ]
}
