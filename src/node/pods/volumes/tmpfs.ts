import { readFile } from 'node:fs/promises'
import type { Processes } from '../../../kernel/processes.ts'

/** Filesystems in memory, for `emptyDir.medium: Memory`. */
export interface Tmpfs {
  /** Idempotent. `sizeBytes` undefined leaves the kernel's default, half of the memory. */
  mount(directory: string, sizeBytes: number | undefined): Promise<void>
  /** Unmounts what is mounted at or under the directory. Idempotent. */
  unmountUnder(directory: string): Promise<void>
}

export function tmpfsOf(processes: Processes): Tmpfs {
  return {
    async mount(directory, sizeBytes) {
      if ((await mountPoints()).includes(directory)) return
      const size = sizeBytes === undefined ? [] : ['-o', `size=${sizeBytes}`]
      await processes.run(['mount', '-t', 'tmpfs', ...size, 'tmpfs', directory])
    },
    async unmountUnder(directory) {
      const inside = (await mountPoints()).filter((path) => path === directory || path.startsWith(`${directory}/`))
      for (const path of inside.reverse()) await processes.run(['umount', path])
    },
  }
}

/** Fifth field of mountinfo (proc_pid_mountinfo(5)), in the order of mounting. */
async function mountPoints(): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).trimEnd().split('\n')
  return lines.map((line) => (line.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, octal: string) => fromOctal(octal)))
}

function fromOctal(digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 8))
}
