import { setTimeout as sleep } from 'node:timers/promises'
import { type DnsAsked, DnsAsking } from '../test/dns-asking.ts'
import { eventually, type TestCluster } from '../test/test-cluster.ts'
import { type Figure, percentile } from './benchmark.ts'

const rounds = 2
/** What has run so long may end again as it did the first time. */
const healthyMs = 31_000
const name = 'kubernetes.default.svc.cluster.local'

/** What it costs who asks that the agent of a node, in which its DNS is, is killed. */
export async function dnsRestarts(cluster: TestCluster, nodes: readonly string[]): Promise<Figure[]> {
  const all: DnsAsked[] = []
  for (let round = 0; round < rounds; round += 1) {
    await sleep(healthyMs)
    for (const node of nodes) all.push(await restart(cluster, node))
  }
  const what = `an agent is killed, ${rounds * nodes.length} times: `
  const median = (read: (asked: DnsAsked) => number) => percentile(all.map(read), 0.5)
  return [
    { what: `${what}questions are refused for`, value: median(({ failedForMs }) => failedForMs), unit: 'ms', goal: '< 100 ms' },
    { what: `${what}longest wait for an answer`, value: median(({ slowestMs }) => slowestMs), unit: 'ms' },
    { what: `${what}time without an answer`, value: median(({ longestGapMs }) => longestGapMs), unit: 'ms' },
    { what: `${what}wrong answers`, value: all.reduce((sum, { failures }) => sum + wrongOnes(failures), 0), unit: 'requests', goal: '0' },
  ]
}

async function restart(cluster: TestCluster, node: string): Promise<DnsAsked> {
  const before = await pidOf(cluster, node)
  const asking = await DnsAsking.begin(cluster, node, name)
  process.kill(before, 'SIGKILL')
  await eventually('another agent that is ready', async () => {
    const { pid, state } = await processOf(cluster, node)
    return pid !== before && state === 'ready'
  })
  return asking.end()
}

/** Those that say something else than that nobody listens. */
function wrongOnes(failures: DnsAsked['failures']): number {
  return Object.entries(failures).reduce((sum, [failure, count]) => sum + (failure === 'ECONNREFUSED' ? 0 : count), 0)
}

async function pidOf(cluster: TestCluster, node: string): Promise<number> {
  const { pid } = await processOf(cluster, node)
  if (pid === undefined) throw new Error(`the agent of ${node} does not run`)
  return pid
}

async function processOf(cluster: TestCluster, node: string): Promise<{ pid?: number; state?: string }> {
  const { processes } = JSON.parse((await cluster.portolan('status', '--json')).stdout) as { processes: { name: string; pid?: number; state: string }[] }
  return processes.find((each) => each.name === node) ?? {}
}
