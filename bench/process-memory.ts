import { readFileSync } from 'node:fs'

/** Proportional set size of a process, shared pages divided among their users, in megabytes of 10⁶ bytes. */
export function pssOf(pid: number): number {
  const kibibytes = /^Pss: +(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]
  return (Number(kibibytes ?? NaN) * 1024) / 1e6
}
