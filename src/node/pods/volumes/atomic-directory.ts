import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, normalize, sep } from 'node:path'
import { giveToGroup } from './ownership.ts'
import type { Payload } from './payload.ts'
import { VolumeFailure } from './volume-failure.ts'

/** Leads to the files that a volume has now. */
export const dataLink = '..data'
const nextLink = '..data_tmp'

/**
 * Makes a directory hold exactly these files, in one step for who reads it: the files lie in a directory of their own,
 * `..data` points to it and is replaced by renaming, and each name in the volume points through `..data`.
 * Unchanged contents are left alone. With a group all is the group's, and readable for it. Resolves to whether anything
 * changed.
 */
export async function writeAtomically(directory: string, files: Payload, group?: number): Promise<boolean> {
  const payload = group === undefined ? files : groupReadable(files)
  for (const path of payload.keys()) checkPath(path)
  await mkdir(directory, { recursive: true, mode: 0o755 })
  const current = await currentTarget(directory)
  if (current !== undefined && (await holds(join(directory, current), payload))) return false
  if (current === undefined && group !== undefined) await giveToGroup(directory, group, true)
  const fresh = await writeFresh(directory, payload)
  if (group !== undefined) await giveToGroup(join(directory, fresh), group, true)
  await rm(join(directory, nextLink), { force: true })
  await symlink(fresh, join(directory, nextLink))
  await rename(join(directory, nextLink), join(directory, dataLink))
  await linkNames(directory, payload)
  if (current !== undefined) await rm(join(directory, current), { recursive: true, force: true })
  return true
}

function groupReadable(payload: Payload): Payload {
  return new Map([...payload].map(([path, { content, mode }]) => [path, { content, mode: mode | 0o440 }]))
}

function checkPath(path: string): void {
  const first = path.split(sep, 1)[0] ?? ''
  if (path === '' || path.startsWith(sep) || normalize(path).startsWith('..') || first.startsWith('..')) {
    throw new VolumeFailure(`invalid path in volume: ${JSON.stringify(path)}`)
  }
}

async function currentTarget(directory: string): Promise<string | undefined> {
  try {
    return await readlink(join(directory, dataLink))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function holds(directory: string, payload: Payload): Promise<boolean> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true })
    if (entries.filter((entry) => entry.isFile()).length !== payload.size) return false
    for (const [path, { content, mode }] of payload) {
      const full = join(directory, path)
      if (((await lstat(full)).mode & 0o777) !== mode || !content.equals(await readFile(full))) return false
    }
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Resolves to the name of the new directory, relative to the volume. */
async function writeFresh(directory: string, payload: Payload): Promise<string> {
  const fresh = await mkdtemp(join(directory, '..data-'))
  await chmod(fresh, 0o755)
  for (const [path, { content, mode }] of payload) {
    const full = join(fresh, path)
    await mkdir(dirname(full), { recursive: true, mode: 0o755 })
    await writeFile(full, content)
    // Not as an option of writeFile, where the process's umask would apply.
    await chmod(full, mode)
  }
  return fresh.slice(directory.length + 1)
}

async function linkNames(directory: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map((path) => normalize(path).split(sep, 1)[0] ?? path))
  const present = (await readdir(directory)).filter((name) => !name.startsWith('..'))
  for (const name of present) if (!wanted.has(name)) await rm(join(directory, name), { force: true })
  for (const name of wanted) {
    if (!present.includes(name)) await symlink(join(dataLink, name), join(directory, name))
  }
}
