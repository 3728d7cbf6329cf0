import { readdirSync, readFileSync } from 'node:fs'

const clockTicksPerSecond = 100

/** Milliseconds on a processor. The kernel knows their sum exactly; it samples how they divide. */
export interface CpuTime {
  readonly user: number
  readonly system: number
}

/** Proportional set size of a process, shared pages divided among their users, in megabytes of 10⁶ bytes. */
export function pssOf(pid: number): number {
  const kibibytes = /^Pss: +(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]
  return (Number(kibibytes ?? NaN) * 1024) / 1e6
}

/** The most memory that a process ever had resident, in megabytes of 10⁶ bytes. */
export function peakMemoryOf(pid: number): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return (Number(kibibytes ?? NaN) * 1024) / 1e6
}

/** What a process has used since its start, without its children. */
export function cpuOf(pid: number): CpuTime {
  const [user, system] = timesIn(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  return { user: user ?? NaN, system: system ?? NaN }
}

/** What the ended children of a process have used, in milliseconds, from its line of /proc/PID/stat. */
export function cpuOfChildren(stat: string): number {
  const [, , user, system] = timesIn(stat)
  return (user ?? NaN) + (system ?? NaN)
}

/** Fields 14 to 17 (proc_pid_stat(5)): user and system time, and those of children. The name, in brackets, may hold spaces. */
function timesIn(stat: string): number[] {
  const fields = stat.replace(/^.*\) /, '').split(' ')
  return fields.slice(11, 15).map((ticks) => (Number(ticks) / clockTicksPerSecond) * 1000)
}

export function cpuBetween(before: CpuTime, after: CpuTime): CpuTime {
  return { user: after.user - before.user, system: after.system - before.system }
}

/** Processes that a process started and that live. */
export function childrenOf(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`)
  const children = threads.flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' '))
  return children.filter((child) => child !== '').map(Number)
}

/** The program that a process runs, by the kernel's short name. */
export function programOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
}
