import type { Benchmark, Figure } from './benchmark.ts'
import { median } from './benchmark.ts'
import { idleUsage, together, type IdleUsage } from './cluster-usage.ts'
import { TestCluster } from '../test/test-cluster.ts'

const counts = [1, 3, 5] as const
const starts = 5

/** What more nodes cost: time until `portolan up` returns, and memory and CPU when idle. */
export const nodes: Benchmark = {
  name: 'nodes',
  measures: 'start, memory (PSS) and idle CPU of a cluster of 1, 3 and 5 nodes',
  async run(say) {
    const first = await TestCluster.named('bench-nodes')
    try {
      // The first start builds the images; it is not measured.
      await first.up()
      await first.portolan('delete')
      const figures: Figure[] = []
      const idle = new Map<number, IdleUsage>()
      for (const count of counts) {
        figures.push(await startsWith(first, count))
        say(`${count} nodes: waiting for the cluster to settle down`)
        await up(first, count)
        idle.set(count, await idleUsage(first))
        await first.portolan('delete')
      }
      return [...figures, ...figuresOf(idle)]
    } finally {
      await first[Symbol.asyncDispose]()
    }
  },
}

/** Milliseconds until it returns. */
async function up(cluster: TestCluster, count: number): Promise<number> {
  const started = performance.now()
  await cluster.up('--nodes', String(count))
  return performance.now() - started
}

async function startsWith(cluster: TestCluster, count: number): Promise<Figure> {
  const times: number[] = []
  for (let round = 0; round < starts; round += 1) {
    times.push(await up(cluster, count))
    await cluster.portolan('delete')
  }
  return { what: `${count} nodes: up returns`, value: median(times), unit: 'ms' }
}

function figuresOf(idle: ReadonlyMap<number, IdleUsage>): Figure[] {
  const of = (count: number) => together(idle.get(count)?.processes ?? [])
  const each = [...idle].flatMap(([count, { processes, cpu }]): Figure[] => [
    { what: `${count} nodes: memory`, value: together(processes), unit: 'MB' },
    { what: `${count} nodes: CPU, idle`, value: cpu, unit: '% of a core', goal: `≤ ${0.5 * count} %` },
  ])
  return [...each, { what: 'memory of each added node', value: (of(5) - of(1)) / 4, unit: 'MB' }]
}
