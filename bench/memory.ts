import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Benchmark, Figure } from './benchmark.ts'
import { cpuOf, pssOf } from './process-usage.ts'
import { TestCluster } from '../test/test-cluster.ts'

/** By then what a start leaves behind is over: processes give memory back once, and V8 follows with a collection of its own. */
const settlingMs = 45_000
/** Idle is judged over this time. */
const observedMs = 20_000

/** What an idle cluster of one node takes: proportional set size (shared pages divided among their users), and CPU. */
export const memory: Benchmark = {
  name: 'memory',
  measures: 'memory (PSS) by process and CPU of an idle cluster of one node',
  async run(say) {
    await using cluster = await TestCluster.named('bench-memory')
    await cluster.up()
    say('waiting for the cluster to settle down')
    await sleep(settlingMs)
    const { stdout } = await cluster.portolan('status', '--json')
    const { supervisorPid } = JSON.parse(stdout) as { supervisorPid: number }
    const pids = [supervisorPid, ...cgroupProcesses(`/portolan/${cluster.name}`)]
    const before = cpuMilliseconds(pids)
    await sleep(observedMs)
    const cpu = ((cpuMilliseconds(pids) - before) / observedMs) * 100
    return figures(pids, cpu)
  },
}

function figures(pids: readonly number[], cpu: number): Figure[] {
  const processes = pids.map((pid) => ({ name: nameOf(pid), megabytes: pssOf(pid) }))
  const sum = (chosen: typeof processes) => chosen.reduce((total, { megabytes }) => total + megabytes, 0)
  const ours = processes.filter(({ name }) => name.startsWith('portolan '))
  return [
    ...processes.map(({ name, megabytes }): Figure => ({ what: name, value: megabytes, unit: 'MB' })),
    { what: 'ours together', value: sum(ours), unit: 'MB', goal: '≤ 120 MB' },
    { what: 'everything', value: sum(processes), unit: 'MB', goal: '≤ 200 MB', others: 'k3s: 512 MB and more (published)' },
    { what: 'CPU, idle', value: cpu, unit: '% of a core', goal: '≤ 0.5 %', others: 'k3s: several % (published)' },
  ]
}

/** Processes of a control group and below, whichever hierarchy keeps them. */
function cgroupProcesses(path: string): number[] {
  const roots = ['/sys/fs/cgroup', ...readdirSync('/sys/fs/cgroup').map((name) => `/sys/fs/cgroup/${name}`)]
  const pids = new Set<number>()
  for (const root of roots) {
    for (const folder of foldersBelow(`${root}${path}`)) {
      for (const pid of readFileSync(`${folder}/cgroup.procs`, 'utf8').split('\n')) if (pid !== '') pids.add(Number(pid))
    }
  }
  return [...pids].sort((a, b) => a - b)
}

function foldersBelow(folder: string): string[] {
  try {
    const inner = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isDirectory())
    return [folder, ...inner.map((entry) => `${entry.parentPath}/${entry.name}`)]
  } catch (error) {
    // This hierarchy has no such group.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}

/** `portolan server` for our own processes, else the program's name. */
function nameOf(pid: number): string {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  const own = words.map((word) => /\/dist\/([a-z]+)\.js$/.exec(word)?.[1]).find((name) => name !== undefined)
  return own === undefined ? (words[0] ?? '').replace(/.*\//, '') : `portolan ${own}`
}

function cpuMilliseconds(pids: readonly number[]): number {
  return pids.map(cpuOf).reduce((total, { user, system }) => total + user + system, 0)
}
