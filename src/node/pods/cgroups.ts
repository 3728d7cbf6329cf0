import { readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'

/** The control groups of pods. The runtime makes them; it removes only those of containers. */
export interface Cgroups {
  /** Removes a pod's cgroup. Idempotent. Rejects while processes are in it. */
  remove(path: string): Promise<void>
}

const mountPoint = '/sys/fs/cgroup'

/** The kernel's, of version 2 (one hierarchy at the mount point) and 1 (one for each controller below it). */
export function kernelCgroups(): Cgroups {
  return {
    async remove(path) {
      const entries = await readdir(mountPoint, { withFileTypes: true })
      const hierarchies = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(mountPoint, name))
      for (const hierarchy of [mountPoint, ...hierarchies]) await removeTree(join(hierarchy, path))
    },
  }
}

async function removeTree(directory: string): Promise<void> {
  try {
    const children = await readdir(directory, { withFileTypes: true })
    for (const child of children) if (child.isDirectory()) await removeTree(join(directory, child.name))
    await rmdir(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
