import { readdir, readFile } from 'node:fs/promises'

export interface ProcessEntry {
  readonly pid: number
  /** Empty for kernel threads and for processes that have ended but were not waited for. */
  readonly command: readonly string[]
}

/** Every process of the machine, from proc(5). Those that end while it reads are left out. */
export async function listProcesses(): Promise<readonly ProcessEntry[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const entries = await Promise.all(pids.map((pid) => readProcess(pid)))
  return entries.filter((entry) => entry !== undefined)
}

/** Undefined if there is none of that id. */
export async function readProcess(pid: number | string): Promise<ProcessEntry | undefined> {
  try {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8')
    return { pid: Number(pid), command: command.split('\0').slice(0, -1) }
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH'].includes(String(error.code))) return undefined
    throw error
  }
}

/** Sends a signal, to a whole group by its leader's number below zero; what has ended already needs none. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
