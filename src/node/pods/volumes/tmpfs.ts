import { readFile } from 'node:fs/promises'
import { mountPointsBelow, realMounts } from '../../../kernel/mounts.ts'
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
      if (mountPointsBelow(await readFile('/proc/self/mountinfo', 'utf8'), directory).includes(directory)) return
      const size = sizeBytes === undefined ? [] : ['-o', `size=${Math.ceil(sizeBytes)}`]
      await processes.run(['mount', '-t', 'tmpfs', ...size, 'tmpfs', directory])
    },
    unmountUnder: (directory) => realMounts(processes).unmountBelow(directory),
  }
}
