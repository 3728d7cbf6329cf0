import { join } from 'node:path'
import { type ConfigMap, ConfigMaps } from '../src/api/kinds/config-map.ts'
import { Namespaces } from '../src/api/kinds/namespace.ts'
import { Pods } from '../src/api/kinds/pod.ts'
import type { Draft, KubeObject } from '../src/api/object.ts'
import type { Resource } from '../src/api/resource.ts'
import { apiClient } from '../src/client/api-client.ts'
import type { Client } from '../src/client/client.ts'
import { type Http2Transport, http2Transport } from '../src/client/http2-transport.ts'
import { readKubeconfig } from '../src/client/kubeconfig.ts'
import { contextName } from '../src/cluster/kubeconfig.ts'
import { TestCluster } from '../test/test-cluster.ts'
import { type Benchmark, type Figure, median } from './benchmark.ts'
import { pssOf } from './process-usage.ts'

const clients = 16
const creates = 4000
const pods = 10_000
const lists = 7
const watchers = 1000
const watchersPerConnection = 250
const watchedWrites = 30
const namespace = 'bench'

/** The API over TLS as agents use it: HTTP/2, client certificate, every write durable before its answer. */
export const api: Benchmark = {
  name: 'api',
  measures: 'durable creates/s with 16 clients, get and list of 10,000 pods, an event to 1,000 watchers, memory',
  async run(say) {
    await using cluster = await TestCluster.named('bench-api')
    await cluster.up()
    const access = await readKubeconfig(join(cluster.home, 'kubeconfig'), contextName(cluster.name))
    await using connections = new Connections(access)
    const client = connections.open()
    await client.create(Namespaces, { metadata: { name: namespace } })
    const result = { ...(await measureCreates(connections, say)), ...(await measureReads(connections, client, say)) }
    const fanOutMs = await measureFanOut(connections, client, say)
    const { stdout } = await cluster.portolan('status', '--json')
    const { processes } = JSON.parse(stdout) as { processes: { name: string; pid: number }[] }
    const serverPid = processes.find(({ name }) => name === 'server')?.pid ?? NaN
    return figures({ ...result, fanOutMs, serverMegabytes: pssOf(serverPid) })
  },
}

class Connections implements AsyncDisposable {
  readonly #access: Parameters<typeof http2Transport>[0]
  readonly #open: Http2Transport[] = []

  constructor(access: Parameters<typeof http2Transport>[0]) {
    this.#access = access
  }

  open(): Client {
    return apiClient(this.transport())
  }

  transport(): Http2Transport {
    const transport = http2Transport(this.#access)
    this.#open.push(transport)
    return transport
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#open.map((transport) => transport.close()))
  }
}

async function measureCreates(connections: Connections, say: (line: string) => void) {
  const all = Array.from({ length: clients }, () => connections.open())
  const createsPerSecond = await createMany(all, ConfigMaps, creates, (index) => configMap(`c${index}`))
  say(`${createsPerSecond.toFixed(0)} ConfigMaps/s`)
  // No scheduler looks at these, so that storing them is all that is done.
  const podsPerSecond = await createMany(all, Pods, pods, (index) => ({
    metadata: { name: `p${index}`, namespace, labels: { app: `a${index % 100}` } },
    spec: { schedulerName: 'none', containers: [{ name: 'main', image: 'busybox', ports: [{ containerPort: 80 }] }] },
  }))
  say(`${podsPerSecond.toFixed(0)} Pods/s`)
  return { createsPerSecond, podsPerSecond }
}

/** Objects per second, each client creating one after the other. */
async function createMany<T extends KubeObject>(
  all: readonly Client[],
  resource: Resource<T>,
  count: number,
  draft: (index: number) => Draft<T>,
): Promise<number> {
  let next = 0
  const started = performance.now()
  await Promise.all(
    all.map(async (client) => {
      while (next < count) await client.create(resource, draft(next++))
    }),
  )
  return (count / (performance.now() - started)) * 1000
}

async function measureReads(connections: Connections, client: Client, say: (line: string) => void) {
  const transport = connections.transport()
  const listMs = await medianOf(lists, async () => {
    const { body } = await transport({ method: 'GET', path: `/api/v1/namespaces/${namespace}/pods` })
    let size = 0
    for await (const piece of body) size += piece.length
    if (size < pods * 100) throw new Error(`the list has only ${size} characters`)
  })
  const getMs = await medianOf(500, async () => void (await client.get(Pods, { namespace, name: 'p77' })))
  say(`list ${listMs.toFixed(0)} ms, get ${getMs.toFixed(2)} ms`)
  return { listMs, getMs }
}

/** Milliseconds from a create to the event at the last of all watchers, which run in this one process. */
async function measureFanOut(connections: Connections, client: Client, say: (line: string) => void): Promise<number> {
  const { resourceVersion } = await client.list(ConfigMaps, { namespace })
  const stop = new AbortController()
  let seen = 0
  let all = Promise.withResolvers<void>()
  const watching: Promise<void>[] = []
  for (let started = 0; started < watchers; started += watchersPerConnection) {
    const watcher = connections.open()
    for (let index = 0; index < watchersPerConnection; index += 1) watching.push(follow(watcher))
  }
  try {
    // All are there once one write has reached them all.
    await writeAndWait('warm-up')
    return await medianOf(watchedWrites, (index) => writeAndWait(`w${index}`))
  } finally {
    stop.abort()
    await Promise.allSettled(watching)
    say('watchers are gone')
  }

  async function writeAndWait(name: string): Promise<void> {
    seen = 0
    all = Promise.withResolvers()
    await client.create(ConfigMaps, configMap(name))
    await all.promise
  }

  async function follow(watcher: Client): Promise<void> {
    for await (const event of watcher.watch(ConfigMaps, { namespace, resourceVersion, signal: stop.signal })) {
      if (event.type !== 'ADDED') continue
      seen += 1
      if (seen === watchers) all.resolve()
    }
  }
}

async function medianOf(times: number, act: (index: number) => Promise<void>): Promise<number> {
  const durations: number[] = []
  for (let index = 0; index < times; index += 1) {
    const started = performance.now()
    await act(index)
    durations.push(performance.now() - started)
  }
  return median(durations)
}

function configMap(name: string): Draft<ConfigMap> {
  return { metadata: { name, namespace }, data: { key: 'x'.repeat(500) } }
}

interface Measured {
  readonly createsPerSecond: number
  readonly podsPerSecond: number
  readonly listMs: number
  readonly getMs: number
  readonly fanOutMs: number
  readonly serverMegabytes: number
}

function figures(measured: Measured): Figure[] {
  return [
    { what: 'durable creates, 16 clients: ConfigMaps', value: measured.createsPerSecond, unit: '/s', goal: '≥ 2000 /s' },
    { what: 'durable creates, 16 clients: Pods', value: measured.podsPerSecond, unit: '/s', goal: '≥ 2000 /s' },
    { what: 'get', value: measured.getMs, unit: 'ms' },
    { what: 'list of 10,000 pods', value: measured.listMs, unit: 'ms', goal: '≤ 150 ms' },
    { what: 'an event to 1,000 watchers', value: measured.fanOutMs, unit: 'ms', goal: '≤ 50 ms' },
    { what: 'server with 14,000 objects', value: measured.serverMegabytes, unit: 'MB' },
  ]
}
