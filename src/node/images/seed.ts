import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Processes } from '../../kernel/processes.ts'
import type { Clock } from '../../base/clock.ts'
import type { ContainerdOptions } from '../containerd/config.ts'
import { startContainerd, stopContainerd } from '../containerd/daemon.ts'
import { criRuntime } from '../cri/cri-runtime.ts'
import { writeArchive } from './archive.ts'
import { builtinLayers, findBuiltinPrograms, type BuiltinPrograms } from './builtin-layers.ts'
import { builtinImages, pauseImage } from './catalog.ts'
import { loadImages } from './load.ts'
import { holdLock } from './machine-lock.ts'
import { seedKey } from './seed-key.ts'

export interface SeedOptions {
  /** Holds the seed, for all clusters of the machine: `$PORTOLAN_HOME/images`. */
  readonly directory: string
  /** For the containerd that imports the images; made and removed. Short, because of its socket. */
  readonly runDir: string
  /** `process.execPath`: the Node that the kubia image gets. */
  readonly nodePath: string
  readonly cniBinDir: string
}

export interface SeedDeps {
  readonly processes: Processes
  readonly clock: Clock
  /** Told what is being done, a few words each: the first time takes seconds. */
  readonly progress: (step: string) => void
}

export interface Seed {
  readonly path: string
  /** Names what it is made of. */
  readonly key: string
  /** Whether this call made it. */
  readonly isNew: boolean
}

/**
 * - `kept`: the root was there, with the seed's images.
 * - `outdated`: it was there, with other built-in images: once its containerd runs, load those of
 *   `writeBuiltinArchive`, then call `markSeeded`.
 * - `copied`: it was made.
 */
export type SeedOutcome = 'kept' | 'outdated' | 'copied'

/** File in a root that names the seed it came from. */
const keyFile = 'portolan-seed'

/**
 * The machine's seed: a containerd root that holds the built-in images, unpacked. Importing them takes seconds, so it
 * is done only when programs, images or containerd have changed. Safe when several processes do it at once; what
 * is half-made is never taken for a seed. Rejects with `MissingPrograms`, `ContainerdFailed`, `CommandFailed`.
 */
export async function ensureSeed(options: SeedOptions, deps: SeedDeps): Promise<Seed> {
  const programs = await findBuiltinPrograms(options.nodePath)
  const key = await seedKey(programs)
  const path = join(options.directory, `seed-${key}`)
  if ((await heldKey(path)) !== undefined) return { path, key, isNew: false }
  await mkdir(options.directory, { recursive: true })
  const lock = await holdLock(join(options.directory, 'lock'))
  try {
    // Whoever held the lock before may have made it.
    const isNew = (await heldKey(path)) === undefined
    if (isNew) await buildSeed({ path, key, programs, options, deps })
    return { path, key, isNew }
  } finally {
    await lock.release()
  }
}

/**
 * Makes a node's containerd root from the seed, in milliseconds: it shares the seed's files, which never change, for
 * content is named by its digest and snapshots are lower layers. Only containerd's databases are true copies.
 */
export async function seedRoot(root: string, seed: Seed, processes: Processes): Promise<SeedOutcome> {
  const held = await heldKey(root)
  if (held !== undefined) return held === seed.key ? 'kept' : 'outdated'
  await copyRoot(seed.path, root, processes)
  return 'copied'
}

/** Writes the built-in images as one OCI archive. Equal programs give equal bytes. */
export async function writeBuiltinArchive(file: string, nodePath: string, processes: Processes): Promise<void> {
  await writePrograms(file, await findBuiltinPrograms(nodePath), processes)
}

/** Records that a root holds the present built-in images. */
export async function markSeeded(root: string, nodePath: string): Promise<void> {
  await writeFile(join(root, keyFile), await seedKey(await findBuiltinPrograms(nodePath)))
}

async function heldKey(root: string): Promise<string | undefined> {
  return readFile(join(root, keyFile), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}

async function writePrograms(file: string, programs: BuiltinPrograms, processes: Processes): Promise<void> {
  const layers = await builtinLayers(processes, programs)
  await writeArchive(file, { images: builtinImages, layers })
}

interface SeedBuild {
  readonly path: string
  readonly key: string
  readonly programs: BuiltinPrograms
  readonly options: SeedOptions
  readonly deps: SeedDeps
}

/** Built beside its place and moved there when complete; older seeds go. The caller holds the lock. */
async function buildSeed({ path, key, programs, options, deps }: SeedBuild): Promise<void> {
  const { directory } = options
  const { processes, progress } = deps
  for (const leftover of await readdir(directory)) {
    if (leftover.startsWith('seed-')) await rm(join(directory, leftover), { recursive: true, force: true })
  }
  const draft = `${path}.draft`
  const archive = join(directory, 'seed-images.tar')
  progress('assembling images from installed programs')
  await writePrograms(archive, programs, processes)
  progress('unpacking images')
  await importInto(draft, archive, { options, deps })
  await rm(archive)
  await writeFile(join(draft, keyFile), key)
  // What is renamed must be whole even if the machine fails right after.
  await processes.run(['sync', '--file-system', draft])
  await rename(draft, path)
}

async function importInto(root: string, archive: string, { options, deps }: Pick<SeedBuild, 'options' | 'deps'>) {
  const { runDir, cniBinDir } = options
  const containerd: ContainerdOptions = {
    root,
    state: join(runDir, 'state'),
    address: join(runDir, 'containerd.sock'),
    cniConfDir: join(runDir, 'cni'),
    cniBinDir,
    sandboxImage: pauseImage,
    logFile: join(runDir, 'containerd.log'),
  }
  await mkdir(dirname(runDir), { recursive: true })
  // Seeds of other directories may be built with the same one.
  const lock = await holdLock(`${runDir}.lock`)
  const runtime = criRuntime(containerd.address)
  try {
    await startContainerd(containerd, deps)
    await loadImages(archive, containerd.address, { ...deps, runtime })
  } finally {
    runtime.close()
    await stopContainerd(containerd.state, deps)
    await rm(runDir, { recursive: true, force: true })
    await lock.release()
  }
}

/** Hard links where the file system allows them. The copy takes its place when it is complete. */
async function copyRoot(seed: string, root: string, processes: Processes): Promise<void> {
  const draft = `${root}.draft`
  await mkdir(dirname(root), { recursive: true })
  await rm(draft, { recursive: true, force: true })
  const [from, to] = await Promise.all([stat(seed), stat(dirname(root))])
  await processes.run(['cp', '--archive', ...(from.dev === to.dev ? ['--link'] : []), seed, draft])
  for (const database of await databasesIn(seed)) {
    await rm(join(draft, database))
    await copyFile(join(seed, database), join(draft, database))
  }
  await rename(draft, root)
}

/** Files that containerd writes in place, one directory below its root. */
async function databasesIn(root: string): Promise<readonly string[]> {
  const directories = (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isDirectory())
  const files = directories.map(async ({ name }) => (await readdir(join(root, name))).map((file) => join(name, file)))
  return (await Promise.all(files)).flat().filter((file) => file.endsWith('.db'))
}
