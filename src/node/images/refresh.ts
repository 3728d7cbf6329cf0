import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { loadImages, type LoadDeps } from './load.ts'
import { markSeeded, writeBuiltinArchive } from './seed.ts'

/** Brings the present built-in images to a root that has older ones. Its containerd must run. */
export async function refreshBuiltinImages(
  { root, address, nodePath }: { root: string; address: string; nodePath: string },
  deps: LoadDeps,
): Promise<void> {
  const archive = join(root, 'portolan-built-in.tar')
  try {
    await writeBuiltinArchive(archive, nodePath, deps.processes)
    await loadImages(archive, address, deps)
    await markSeeded(root, nodePath)
  } finally {
    await rm(archive, { force: true })
  }
}
