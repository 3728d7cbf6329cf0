import type { Dirent } from 'node:fs'
import { chmod, lchown, lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const keepOwner = -1
const setgid = 0o2000

/**
 * `fsGroup`: a directory with all in it belongs to the group, which may read it and unless `readOnly` write it; what is
 * made in it later belongs to the group too. Owners stay.
 */
export async function giveToGroup(directory: string, group: number, readOnly: boolean): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  for (const entry of entries) await give(join(entry.parentPath, entry.name), entry, { group, readOnly })
  await give(directory, await lstat(directory), { group, readOnly })
}

type Entry = Pick<Dirent, 'isDirectory' | 'isSymbolicLink'>

interface Gift {
  readonly group: number
  readonly readOnly: boolean
}

async function give(path: string, entry: Entry, { group, readOnly }: Gift): Promise<void> {
  await lchown(path, keepOwner, group)
  // A link has no permissions of its own.
  if (entry.isSymbolicLink()) return
  const allowed = (readOnly ? 0o440 : 0o660) | (entry.isDirectory() ? setgid | 0o110 : 0)
  await chmod(path, ((await lstat(path)).mode & 0o7777) | allowed)
}
