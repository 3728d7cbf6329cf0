import { readFile } from 'node:fs/promises'
import { mountPointsBelow, realMounts } from '../../../kernel/mounts.ts'
import type { Processes } from '../../../kernel/processes.ts'

/** Filesystems in memory, for `emptyDir.medium: Memory`. */
export interface Tmpfs {
  /** Idempotent. */
  mount(directory: string, sizeBytes: number): Promise<void>
  /** Unmounts what is mounted at or under the directory. Idempotent. */
  unmountUnder(directory: string): Promise<void>
}

export function tmpfsOf(processes: Processes): Tmpfs {
  return {
    async mount(directory, sizeBytes) {
      if (mountPointsBelow(await readFile('/proc/self/mountinfo', 'utf8'), directory).includes(directory)) return
      await processes.run(['mount', '-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', directory])
    },
    unmountUnder: (directory) => realMounts(processes).unmountBelow(directory),
  }
}
