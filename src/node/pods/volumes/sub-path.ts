import { chmod, mkdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { VolumeFailure } from './volume-failure.ts'

/** The mount that a sub-path is for, as messages name it. */
export interface SubPathOwner {
  /** Of the volumeMount. */
  readonly name: string
  readonly container: string
}

/**
 * Where a part of a volume lies. What is not there is made, as a directory that is as open as the volume. A sub-path
 * may not lead out of the volume, also not by a link inside of it. Throws `VolumeFailure`.
 */
export async function prepareSubPath(volume: string, subPath: string, owner: SubPathOwner): Promise<string> {
  if (subPath === '') return volume
  if (isAbsolute(subPath)) throw new VolumeFailure(`error SubPath \`${subPath}\` must not be an absolute path`)
  const parts = subPath.split(sep)
  if (parts.includes('..')) throw new VolumeFailure(`unable to provision SubPath \`${subPath}\`: must not contain '..'`)
  const root = await realpath(volume)
  let path = root
  for (const part of parts) {
    path = await enter(join(path, part), root, owner)
    if (isOutside(path, root)) throw failed('prepare subPath', owner)
  }
  return path
}

/** Resolves to the real path. Each part is resolved before the next is made: nothing is made outside of the volume. */
async function enter(path: string, root: string, owner: SubPathOwner): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw failed('prepare subPath', owner, error)
  }
  try {
    await mkdir(path)
    const open = (await stat(root)).mode & 0o777
    // Not as an option of mkdir, where the umask would apply. The bit that hands down the group stays.
    await chmod(path, ((await stat(path)).mode & 0o7000) | open)
    return path
  } catch (error) {
    throw failed('create subPath directory', owner, error)
  }
}

function isOutside(path: string, root: string): boolean {
  const inside = relative(root, path)
  return inside.split(sep)[0] === '..' || isAbsolute(inside)
}

/** Without details: they would tell of the node's file system. */
function failed(what: string, { name, container }: SubPathOwner, cause?: unknown): VolumeFailure {
  const where = `volumeMount ${JSON.stringify(name)} of container ${JSON.stringify(container)}`
  return new VolumeFailure(`failed to ${what} for ${where}`, { cause })
}
