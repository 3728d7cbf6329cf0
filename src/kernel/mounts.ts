import { readFile } from 'node:fs/promises'
import type { Processes } from './processes.ts'

/** Mounts of this mount namespace. */
export interface Mounts {
  /** Takes away everything mounted at or below a folder, innermost first. No error if there is nothing. */
  unmountBelow(folder: string): Promise<void>
}

export function realMounts(processes: Processes): Mounts {
  return {
    async unmountBelow(folder) {
      const points = mountPointsBelow(await readFile('/proc/self/mountinfo', 'utf8'), folder)
      // Lazily: a mount that something still looks at goes when that does.
      if (points.length > 0) await processes.run(['umount', '--lazy', '--', ...points])
    },
  }
}

/** Mount points at or below a folder, latest mount first (proc_pid_mountinfo(5): field 5, octal escapes). */
export function mountPointsBelow(mountinfo: string, folder: string): readonly string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .map((point) => point.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))))
    .filter((point) => point === folder || point.startsWith(`${folder}/`))
    .reverse()
}
