import { mkdir, realpath } from 'node:fs/promises'
import { isAbsolute, join, normalize, relative } from 'node:path'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Mount } from '../cri/runtime.ts'
import { expand } from './expand.ts'
import type { NodePaths } from './paths.ts'
import type { ContainerSpec, VolumeSpec } from './spec.ts'
import { StartFailure } from './start-failure.ts'
import { volumePath } from './volumes/volumes.ts'

type VolumeMount = NonNullable<ContainerSpec['volumeMounts']>[number]

const alwaysReadOnly = ['configMap', 'secret', 'downwardAPI', 'projected'] as const

/** The mounts of a container's volumes; directories of sub-paths are made. Throws `StartFailure`. */
export async function volumeMounts(
  pod: Pod,
  { volumeMounts: mounts = [] }: ContainerSpec,
  { paths, variables }: { paths: NodePaths; variables: ReadonlyMap<string, string> },
): Promise<readonly Mount[]> {
  return Promise.all(
    mounts.map(async (mount) => {
      const volume = pod.spec.volumes?.find(({ name }) => name === mount.name)
      if (volume === undefined) throw refuse(`volume ${JSON.stringify(mount.name)} of a volumeMount is not in the pod`)
      const subPath = mount.subPathExpr === undefined ? (mount.subPath ?? '') : expand(mount.subPathExpr, variables)
      return {
        containerPath: mount.mountPath,
        hostPath: await withSubPath(volumePath(pod, volume, paths), subPath),
        readonly: isReadOnly(volume, mount),
      }
    }),
  )
}

function isReadOnly(volume: VolumeSpec, mount: VolumeMount): boolean {
  return mount.readOnly === true || alwaysReadOnly.some((type) => volume[type] !== undefined)
}

/** A sub-path may not lead out of the volume, also not by a link inside of it. */
async function withSubPath(volume: string, subPath: string): Promise<string> {
  if (subPath === '') return volume
  const leadsOut = refuse(`subPath ${subPath} leads out of its volume`)
  if (isAbsolute(subPath) || normalize(subPath).startsWith('..')) throw leadsOut
  const path = join(volume, subPath)
  const found = (await realpathOf(path)) ?? (await make(path))
  const inside = relative(await realpath(volume), found)
  if (inside.startsWith('..') || isAbsolute(inside)) throw leadsOut
  return found
}

async function make(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o755 })
  return realpath(path)
}

async function realpathOf(path: string): Promise<string | undefined> {
  try {
    return await realpath(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function refuse(message: string): StartFailure {
  return new StartFailure('config', 'CreateContainerConfigError', message)
}
