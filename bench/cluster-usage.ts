import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestCluster } from '../test/test-cluster.ts'
import { cpuOf, pssOf } from './process-usage.ts'

/** By then what a start leaves behind is over: processes give memory back once, and V8 follows with a collection of its own. */
const settlingMs = 45_000
/** Idle is judged over this time. */
const observedMs = 60_000

export interface ProcessMemory {
  /** `portolan server` for our own processes, else the program's name. */
  readonly name: string
  readonly megabytes: number
}

/** What a cluster takes that has been left alone for a while. */
export interface IdleUsage {
  readonly processes: readonly ProcessMemory[]
  /** Percent of a core, all processes together. */
  readonly cpu: number
}

/** Resolves after nearly two minutes. */
export async function idleUsage(cluster: TestCluster): Promise<IdleUsage> {
  await sleep(settlingMs)
  const { stdout } = await cluster.portolan('status', '--json')
  const { supervisorPid } = JSON.parse(stdout) as { supervisorPid: number }
  const pids = [supervisorPid, ...cgroupProcesses(`/portolan/${cluster.name}`)]
  const before = cpuMilliseconds(pids)
  await sleep(observedMs)
  const cpu = ((cpuMilliseconds(pids) - before) / observedMs) * 100
  return { processes: pids.map((pid) => ({ name: nameOf(pid), megabytes: pssOf(pid) })), cpu }
}

export function together(processes: readonly ProcessMemory[]): number {
  return processes.reduce((total, { megabytes }) => total + megabytes, 0)
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

function nameOf(pid: number): string {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  const own = words.map((word) => /\/dist\/([a-z]+)\.js$/.exec(word)?.[1]).find((name) => name !== undefined)
  return own === undefined ? (words[0] ?? '').replace(/.*\//, '') : `portolan ${own}`
}

function cpuMilliseconds(pids: readonly number[]): number {
  return pids.map(cpuOf).reduce((total, { user, system }) => total + user + system, 0)
}
