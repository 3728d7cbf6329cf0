import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pods, type Pod } from '../src/api/kinds/pod.ts'
import { apiClient } from '../src/client/api-client.ts'
import type { Client } from '../src/client/client.ts'
import { http2Transport } from '../src/client/http2-transport.ts'
import { readKubeconfig } from '../src/client/kubeconfig.ts'
import { contextName } from '../src/cluster/kubeconfig.ts'
import type { ClusterDescription } from '../src/cli/status.ts'
import { TestCluster } from '../test/test-cluster.ts'
import { type Benchmark, type Figure, percentile } from './benchmark.ts'
import { cpuOf, pssOf } from './process-usage.ts'

const namespace = 'default'
const startsMeasured = 30
const idlePods = 100
/** Until what the starts have left behind is over. */
const settlingMs = 20_000
const observedMs = 20_000

/**
 * How soon a pod is Ready whose image is there, one after the other; and what the agent takes while 100 pods stand idle
 * whose readiness is probed over HTTP every second.
 */
export const pods: Benchmark = {
  name: 'pods',
  measures: 'pod created → Ready; CPU and memory of the agent with 100 idle pods that are probed every second',
  async run(say) {
    await using cluster = await TestCluster.named('bench-pods')
    await cluster.up()
    const transport = http2Transport(await readKubeconfig(join(cluster.home, 'kubeconfig'), contextName(cluster.name)))
    try {
      const client = apiClient(transport)
      const starts = await measureStarts(client)
      say(`a pod is Ready after ${percentile(starts, 0.5).toFixed(0)} ms`)
      await Promise.all(Array.from({ length: idlePods }, (_, index) => createAndWait(client, `idle-${index}`, true)))
      say(`${idlePods} pods are Ready`)
      await sleep(settlingMs)
      return [...startFigures(starts), ...(await idleFigures(cluster))]
    } finally {
      await transport.close()
    }
  },
}

async function measureStarts(client: Client): Promise<readonly number[]> {
  const times: number[] = []
  // The first one is not counted: it is what compiles the code.
  for (let index = -1; index < startsMeasured; index += 1) {
    const name = `start-${index + 1}`
    const ms = await createAndWait(client, name, false)
    if (index >= 0) times.push(ms)
    await client.delete(Pods, { namespace, name }, { gracePeriodSeconds: 0 })
  }
  return times
}

/** Resolves to the milliseconds from the accepted request to the moment at which a watch tells that the pod is ready. */
async function createAndWait(client: Client, name: string, isProbed: boolean): Promise<number> {
  const ended = new AbortController()
  const { resourceVersion } = await client.list(Pods, { namespace, fieldSelector: `metadata.name=${name}` })
  const watch = client.watch(Pods, { namespace, fieldSelector: `metadata.name=${name}`, resourceVersion, signal: ended.signal })
  const ready = firstReady(watch).finally(() => ended.abort())
  await client.create(Pods, podNamed(name, isProbed))
  const acceptedAt = performance.now()
  return (await ready) - acceptedAt
}

async function firstReady(watch: ReturnType<Client['watch']>): Promise<number> {
  for await (const event of watch) {
    const conditions = event.type === 'BOOKMARK' ? [] : ((event.object as Pod).status?.conditions ?? [])
    if (conditions.some(({ type, status }) => type === 'Ready' && status === 'True')) return performance.now()
  }
  throw new Error('the watch ended before the pod was ready')
}

function podNamed(name: string, isProbed: boolean) {
  const probe = { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 }
  const container = isProbed
    ? { name: 'main', image: 'luksa/kubia', readinessProbe: probe }
    : { name: 'main', image: 'busybox', command: ['sleep', 'infinity'] }
  return { metadata: { namespace, name }, spec: { containers: [container], terminationGracePeriodSeconds: 0 } }
}

function startFigures(times: readonly number[]): readonly Figure[] {
  return [
    { what: 'pod created → Ready, p50', value: percentile(times, 0.5), unit: 'ms', goal: '≤ 250 ms', others: 'sandbox, create and start by containerd alone: 105 ms' },
    { what: 'pod created → Ready, p99', value: percentile(times, 0.99), unit: 'ms' },
  ]
}

async function idleFigures(cluster: TestCluster): Promise<readonly Figure[]> {
  const { processes } = JSON.parse((await cluster.portolan('status', '--json')).stdout) as ClusterDescription
  const pid = processes.find(({ name }) => name === 'node-1')?.pid ?? 0
  const before = cpuOf(pid)
  await sleep(observedMs)
  const after = cpuOf(pid)
  const usedMs = after.user - before.user + (after.system - before.system)
  return [
    { what: `agent, ${idlePods} idle pods probed every second: CPU`, value: (usedMs / observedMs) * 100, unit: '% of a core' },
    { what: `agent, ${idlePods} idle pods probed every second: memory`, value: pssOf(pid), unit: 'MB' },
  ]
}
