import { mkdir, open, stat } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import type { VolumeSpec } from '../spec.ts'
import { VolumeFailure } from './volume-failure.ts'

type HostPath = NonNullable<VolumeSpec['hostPath']>

const checks: Readonly<Record<string, { readonly is: (found: Stats) => boolean; readonly noun: string }>> = {
  Directory: { is: (found) => found.isDirectory(), noun: 'a directory' },
  DirectoryOrCreate: { is: (found) => found.isDirectory(), noun: 'a directory' },
  File: { is: (found) => !found.isDirectory(), noun: 'a file' },
  FileOrCreate: { is: (found) => !found.isDirectory(), noun: 'a file' },
  Socket: { is: (found) => found.isSocket(), noun: 'a socket file' },
  CharDevice: { is: (found) => found.isCharacterDevice(), noun: 'a character device' },
  BlockDevice: { is: (found) => found.isBlockDevice(), noun: 'a block device' },
}

/** Checks, and where the type says so makes, what a hostPath volume refers to. Throws `VolumeFailure`. */
export async function prepareHostPath({ path, type = '' }: HostPath): Promise<void> {
  const check = checks[type]
  if (type !== '' && check === undefined) throw new VolumeFailure(`${type} is an invalid volume type`)
  if (check === undefined) return
  const found = (await look(path)) ?? (await make(path, type))
  if (found === undefined || !check.is(found)) {
    throw new VolumeFailure(`hostPath type check failed: ${path} is not ${check.noun}`)
  }
}

async function make(path: string, type: string): Promise<Stats | undefined> {
  if (type === 'DirectoryOrCreate') await mkdir(path, { recursive: true, mode: 0o755 })
  if (type === 'FileOrCreate') await (await open(path, 'a', 0o644)).close()
  return look(path)
}

async function look(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}
