import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import type { Clock } from '../../base/clock.ts'
import { CommandFailed, type Processes } from '../../kernel/processes.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'

export interface LoadDeps {
  readonly processes: Processes
  readonly clock: Clock
  /** The CRI side of the same containerd. */
  readonly runtime: ContainerRuntime
}

/** A file that cannot be loaded. The message is one line that names the file. */
export class LoadFailed extends Error {
  override readonly name = 'LoadFailed'
}

const visibleWithinMs = 10_000

/**
 * Imports the images of an OCI or docker archive (a tar file, which may be compressed) into a running containerd, and
 * waits until pods can use them. Resolves to their names in full. Rejects with `LoadFailed`.
 */
export async function loadImages(
  file: string,
  address: string,
  { processes, clock, runtime }: LoadDeps,
): Promise<readonly string[]> {
  await checkFile(file)
  const output = await plainTar(file, async (tar) => {
    const ctr = ['ctr', '--address', address, '--namespace', 'k8s.io'] as const
    return (await processes.run([...ctr, 'images', 'import', '--snapshotter', 'overlayfs', tar])).stdout
  }).catch((error: unknown) => {
    throw error instanceof CommandFailed ? new LoadFailed(explain(file, error.stderr)) : error
  })
  const names = importedNames(output)
  if (names.length === 0) throw new LoadFailed(`${file}: holds no image for this machine, or none that has a name`)
  for (const name of names) await untilVisible(name, runtime, clock)
  return names
}

/** The names in what `ctr images import` prints: `unpacking docker.io/library/busybox:latest (sha256:…)...done`. */
export function importedNames(output: string): readonly string[] {
  return [...output.matchAll(/^unpacking (\S+) \(sha256:/gm)].map(([, name = '']) => name)
}

async function checkFile(file: string): Promise<void> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new LoadFailed(error.code === 'ENOENT' ? `${file}: no such file` : `${file}: ${error.message}`)
  })
  if (!found.isFile()) throw new LoadFailed(`${file}: not a file`)
}

/** Calls `use` with a plain tar file: `ctr` of containerd 1.6 does not read compressed ones. */
async function plainTar<T>(file: string, use: (tar: string) => Promise<T>): Promise<T> {
  const decompress = await decompressorOf(file)
  if (decompress === undefined) return use(file)
  const directory = await mkdtemp(join(tmpdir(), 'portolan-load-'))
  try {
    const tar = join(directory, 'images.tar')
    await pipeline(createReadStream(file), decompress, createWriteStream(tar)).catch((error: Error) => {
      throw new LoadFailed(`${file}: cannot be decompressed: ${error.message}`)
    })
    return await use(tar)
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** By the first bytes: RFC 1952 (gzip), RFC 8878 (Zstandard). Undefined if it is neither. */
async function decompressorOf(file: string): Promise<Transform | undefined> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0)
    const magic = buffer.subarray(0, bytesRead).toString('hex')
    if (magic.startsWith('1f8b')) return createGunzip()
    return magic === '28b52ffd' ? createZstdDecompress() : undefined
  } finally {
    await handle.close()
  }
}

function explain(file: string, stderr: string): string {
  const said = stderr.trim().replace(/^ctr: /, '')
  if (/invalid tar header|unexpected EOF|unrecognized image format|archive\/tar/.test(said)) {
    return `${file}: not an OCI or docker image archive, as made by "docker save" (${said})`
  }
  return `${file}: ${said}`
}

/** The CRI plugin hears of an import by an event, a moment after `ctr` has ended. */
async function untilVisible(image: string, runtime: ContainerRuntime, clock: Clock): Promise<void> {
  const deadline = clock.monotonicMs() + visibleWithinMs
  while ((await runtime.imageStatus(image)) === undefined) {
    if (clock.monotonicMs() > deadline) throw new LoadFailed(`${image}: imported, but containerd does not list it`)
    await clock.sleep(5)
  }
}
