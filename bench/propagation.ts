import { join } from 'node:path'
import { EndpointSlices } from '../src/api/kinds/endpoint-slice.ts'
import { Nodes } from '../src/api/kinds/node.ts'
import { Pods } from '../src/api/kinds/pod.ts'
import { Services } from '../src/api/kinds/service.ts'
import { apiClient } from '../src/client/api-client.ts'
import type { Client } from '../src/client/client.ts'
import { http2Transport } from '../src/client/http2-transport.ts'
import { readKubeconfig } from '../src/client/kubeconfig.ts'
import { contextName } from '../src/cluster/kubeconfig.ts'
import { TestCluster } from '../test/test-cluster.ts'
import { type Benchmark, type Figure, percentile } from './benchmark.ts'
import { Probe, type Sight } from './probe.ts'

const nodeCounts = [2, 3]
const otherServices = 1000
const endpointsEach = 3
const writers = 16
/** Half of them add the one endpoint that there is, half remove it. */
const changes = 240
const namespace = 'default'
const silentNode = 'silent'
/** A node that has not been heard of for 40 seconds has no ready pods. */
const heartbeatMs = 10_000
const tooLateMs = 30_000
const port = 8080
const upstream = 'Kubernetes: 1500 / 2300 / 6800 ms (p50/90/99, 100 nodes, published)'

/**
 * From the moment at which a pod's status, or an EndpointSlice, is sent to the API until every node's kernel leads a
 * connection to the pod; and back. Nodes look for themselves, every half millisecond, by connecting to the cluster IP.
 *
 * The pod whose status changes is on a node that has no agent with an opinion of it; its address is that of a pod that
 * runs. The clock starts before the request, so the time that the API needs to make it durable is in it.
 */
export const propagation: Benchmark = {
  name: 'propagation',
  measures: 'pod Ready, or not any more → every node sends, or refuses, connections, while 1,000 other Services exist',
  async run(say) {
    const figures: Figure[] = []
    for (const count of nodeCounts) figures.push(...(await propagationTo(count, say)))
    return figures
  },
}

async function propagationTo(count: number, say: (line: string) => void): Promise<readonly Figure[]> {
  await using cluster = await TestCluster.named('bench-propagation')
  await cluster.up('--nodes', String(count))
  await using transport = closing(
    http2Transport(await readKubeconfig(join(cluster.home, 'kubeconfig'), contextName(cluster.name))),
  )
  const client = apiClient(transport.use)
  await createOthers(client)
  say(`${otherServices} other Services exist`)
  const address = await startServer(cluster)
  const ofPods = await measure(cluster, count, await createSwitchedPod(client, address))
  say(`${count} nodes, pods: ${summary(ofPods)}`)
  const ofSlices = await measure(cluster, count, await createSwitchedSlice(client, address))
  say(`${count} nodes, slices: ${summary(ofSlices)}`)
  return [
    ...figuresOf(`${count} nodes: pod Ready → a connection arrives on each`, ofPods.open, { others: upstream }),
    ...figuresOf(`${count} nodes: pod not Ready → refused on each`, ofPods.refused, {}),
    ...figuresOf(`${count} nodes: EndpointSlice gains its endpoint → a connection arrives`, ofSlices.open, {}),
    ...figuresOf(`${count} nodes: EndpointSlice loses its endpoint → refused`, ofSlices.refused, {}),
  ]
}

/** Something that is led to the server while it is switched on. */
interface Switched {
  readonly clusterIP: string
  /** Called before each change, outside of what is measured. */
  prepare(): Promise<unknown>
  turn(on: boolean): Promise<unknown>
}

interface Result {
  /** Milliseconds from the request to the last node, of each change. */
  readonly open: number[]
  readonly refused: number[]
}

async function measure(cluster: TestCluster, nodes: number, { clusterIP, prepare, turn }: Switched): Promise<Result> {
  await using probes = new AsyncDisposableStack()
  const all = Array.from({ length: nodes }, (_, index) => probes.use(new Probe(cluster, `node-${index + 1}`, { address: clusterIP, port: 80 })))
  const result: Result = { open: [], refused: [] }
  // The first two changes are not counted: who starts in them has not been compiled yet.
  for (let change = -2; change < changes; change += 1) {
    const wanted: Sight = change % 2 === 0 ? 'open' : 'refused'
    await prepare()
    const looks = await Promise.all(all.map((probe) => probe.look(wanted)))
    const sentAt = Number(process.hrtime.bigint()) / 1e6
    await turn(wanted === 'open')
    const seen = await within(tooLateMs, Promise.all(looks.map(({ seenAt }) => seenAt)))
    if (change >= 0) result[wanted].push(Math.max(...seen) - sentAt)
  }
  return result
}

async function createOthers(client: Client): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (next < otherServices) await createOther(client, next++)
    }),
  )
}

async function createOther(client: Client, index: number): Promise<void> {
  const addresses = Array.from({ length: endpointsEach }, (_, nth) => `10.108.${100 + nth}.${1 + (index % 250)}`)
  await createService(client, `other-${index}`, {})
  await createSlice(client, `other-${index}`, addresses)
}

/** Resolves to the address of a pod that answers. */
async function startServer(cluster: TestCluster): Promise<string> {
  await cluster.kubectl('run', 'server', '--image=luksa/kubia', '--labels=app=server')
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/server', '--timeout=60s')
  return cluster.kubectl('get', 'pod', 'server', '-o', 'jsonpath={.status.podIP}')
}

async function createSwitchedPod(client: Client, address: string): Promise<Switched> {
  const name = 'switched-pod'
  await client.create(Nodes, { metadata: { name: silentNode }, spec: {} })
  await heartbeat(client)
  let heardAt = performance.now()
  await client.create(Pods, {
    metadata: { name, namespace, labels: { app: name } },
    spec: { nodeName: silentNode, containers: [{ name: 'main', image: 'luksa/kubia' }] },
  })
  const clusterIP = await createService(client, name, { selector: { app: name } })
  return {
    clusterIP,
    async prepare() {
      if (performance.now() < heardAt + heartbeatMs) return
      await heartbeat(client)
      heardAt = performance.now()
    },
    turn(on) {
      const conditions = [{ type: 'Ready', status: on ? 'True' : 'False' }]
      const status = { phase: 'Running', podIP: address, podIPs: [{ ip: address }], conditions }
      return client.patch(Pods, { namespace, name, subresource: 'status' }, { type: 'strategic', body: { status } })
    },
  }
}

/** Says that the node lives, in the place of its agent. */
async function heartbeat(client: Client): Promise<void> {
  const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: new Date().toISOString() }]
  await client.patch(Nodes, { name: silentNode, subresource: 'status' }, { type: 'strategic', body: { status: { conditions } } })
}

async function createSwitchedSlice(client: Client, address: string): Promise<Switched> {
  const name = 'switched-slice'
  const clusterIP = await createService(client, name, {})
  await createSlice(client, name, [])
  return {
    clusterIP,
    prepare: () => Promise.resolve(),
    turn(on) {
      const body = { endpoints: on ? [endpoint(address)] : [] }
      return client.patch(EndpointSlices, { namespace, name }, { type: 'merge', body })
    },
  }
}

/** Resolves to its cluster IP. */
async function createService(client: Client, name: string, rest: { selector?: Record<string, string> }): Promise<string> {
  const ports = [{ name: 'http', port: 80, targetPort: port }]
  const { spec } = await client.create(Services, { metadata: { name, namespace }, spec: { ports, ...rest } })
  if (spec.clusterIP === undefined) throw new Error(`the Service ${name} has no cluster IP`)
  return spec.clusterIP
}

async function createSlice(client: Client, name: string, addresses: readonly string[]): Promise<void> {
  await client.create(EndpointSlices, {
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: addresses.map(endpoint),
  })
}

function endpoint(address: string) {
  return { addresses: [address], conditions: { ready: true } }
}

function closing<T extends { close(): Promise<void> }>(use: T): AsyncDisposable & { readonly use: T } {
  return { use, [Symbol.asyncDispose]: () => use.close() }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const timer = Promise.withResolvers<never>()
  const timeout = setTimeout(() => timer.reject(new Error(`a node has not seen a change within ${ms} ms`)), ms)
  try {
    return await Promise.race([promise, timer.promise])
  } finally {
    clearTimeout(timeout)
  }
}

function summary({ open, refused }: Result): string {
  return `opens in ${percentile(open, 0.5).toFixed(1)} ms, refuses in ${percentile(refused, 0.5).toFixed(1)} ms`
}

function figuresOf(what: string, times: readonly number[], { others }: Pick<Figure, 'others'>): Figure[] {
  return [
    { what: `${what}, p50`, value: percentile(times, 0.5), unit: 'ms', goal: '≤ 10 ms', ...(others === undefined ? {} : { others }) },
    { what: `${what}, p90`, value: percentile(times, 0.9), unit: 'ms' },
    { what: `${what}, p99`, value: percentile(times, 0.99), unit: 'ms', goal: '≤ 50 ms' },
  ]
}
