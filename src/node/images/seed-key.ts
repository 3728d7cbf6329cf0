import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { BuiltinPrograms } from './builtin-layers.ts'
import { builtinImages, etcFiles, terminals, tools } from './catalog.ts'
import { kubiaApp } from './kubia-app.ts'
import { findProgram } from './programs.ts'

/** Raised when layers or archives come to be made in another way from the same input. */
const formatVersion = 1

/**
 * Names what a seed is made of: the catalog, the programs on this machine and containerd itself, which made its
 * databases. Programs go in by path, size and time of change; libraries through the loader's cache, which changes with
 * every library that is installed.
 */
export async function seedKey({ busybox, tools: found, node }: BuiltinPrograms): Promise<string> {
  const containerd = await findProgram('containerd', ['/usr/local/bin', '/usr/bin'])
  const files = [busybox, ...found, node, ...(containerd === undefined ? [] : [containerd])].map(({ path }) => path)
  const stats = await Promise.all([...files, '/etc/ld.so.cache'].map(fingerprint))
  const input = { formatVersion, arch: process.arch, builtinImages, tools, etcFiles, terminals, kubiaApp, stats }
  return createHash('sha256').update(JSON.stringify(input)).digest('hex').slice(0, 16)
}

async function fingerprint(path: string): Promise<readonly (string | number)[]> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return found === undefined ? [path] : [path, found.size, found.mtimeMs]
}
