import type { Benchmark, Figure } from './benchmark.ts'
import { idleUsage, together, type IdleUsage } from './cluster-usage.ts'
import { TestCluster } from '../test/test-cluster.ts'

/** What an idle cluster of one node takes: proportional set size (shared pages divided among their users), and CPU. */
export const memory: Benchmark = {
  name: 'memory',
  measures: 'memory (PSS) by process and CPU of an idle cluster of one node',
  async run(say) {
    await using cluster = await TestCluster.named('bench-memory')
    await cluster.up()
    say('waiting for the cluster to settle down')
    return figures(await idleUsage(cluster))
  },
}

function figures({ processes, cpu }: IdleUsage): Figure[] {
  const ours = processes.filter(({ name }) => name.startsWith('portolan '))
  return [
    ...processes.map(({ name, megabytes }): Figure => ({ what: name, value: megabytes, unit: 'MB' })),
    { what: 'ours together', value: together(ours), unit: 'MB', goal: '≤ 120 MB' },
    { what: 'everything', value: together(processes), unit: 'MB', goal: '≤ 200 MB', others: 'k3s: 512 MB and more (published)' },
    { what: 'CPU, idle', value: cpu, unit: '% of a core', goal: '≤ 0.5 %', others: 'k3s: several % (published)' },
  ]
}
