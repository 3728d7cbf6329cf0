import { chmod, lchown, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod } from '../../../api/kinds/pod.ts'
import { UnknownField } from '../field-values.ts'
import { dataDirectory, volumeDirectory, type NodePaths } from '../paths.ts'
import { numberOf } from '../../../api/quantity.ts'
import { tokenProjectionsIn, type VolumeSpec } from '../spec.ts'
import { StartFailure } from '../start-failure.ts'
import { writeAtomically } from './atomic-directory.ts'
import { prepareHostPath } from './host-path.ts'
import {
  configMapPayload,
  downwardPayload,
  projectedPayload,
  secretPayload,
  type Payload,
  type PayloadInputs,
} from './payload.ts'
import type { Tmpfs } from './tmpfs.ts'
import { VolumeFailure } from './volume-failure.ts'

export interface VolumeDeps {
  readonly paths: NodePaths
  readonly tmpfs: Tmpfs
}

const supported = 'emptyDir, hostPath, configMap, secret, downwardAPI and projected'

/** Sets up all volumes of a pod. Idempotent. Throws `StartFailure` that names the volume and what to do. */
export async function prepareVolumes(inputs: PayloadInputs, deps: VolumeDeps): Promise<void> {
  for (const volume of inputs.pod.spec.volumes ?? []) {
    try {
      await prepareVolume(inputs, volume, deps)
    } catch (error) {
      if (!isFailure(error)) throw error
      const message = `MountVolume.SetUp failed for volume ${JSON.stringify(volume.name)} : ${error.message}`
      throw new StartFailure('config', 'FailedMount', message)
    }
  }
}

/** Brings the files of volumes that hold tokens up to date. Throws as what they are made of does. */
export async function refreshTokenVolumes(inputs: PayloadInputs, deps: VolumeDeps): Promise<void> {
  for (const volume of inputs.pod.spec.volumes ?? []) {
    if (tokenProjectionsIn(volume).length > 0) await prepareVolume(inputs, volume, deps)
  }
}

function isFailure(error: unknown): error is Error {
  const known = error instanceof VolumeFailure || error instanceof StartFailure || error instanceof UnknownField
  return known || (error instanceof Error && 'syscall' in error)
}

/** Where a volume lies on the node. */
export function volumePath({ metadata }: Pod, volume: VolumeSpec, paths: NodePaths): string {
  return volume.hostPath?.path ?? volumeDirectory(paths, metadata.uid, volume.name)
}

async function prepareVolume(inputs: PayloadInputs, volume: VolumeSpec, { paths, tmpfs }: VolumeDeps): Promise<void> {
  const { pod } = inputs
  const directory = volumePath(pod, volume, paths)
  const group = pod.spec.securityContext?.fsGroup
  if (volume.hostPath !== undefined) return prepareHostPath(volume.hostPath)
  if (volume.emptyDir !== undefined) {
    const isNew = (await mkdir(directory, { recursive: true })) !== undefined
    const { medium = '', sizeLimit } = volume.emptyDir
    const sizeBytes = sizeLimit === undefined ? undefined : numberOf(sizeLimit)
    if (medium === 'Memory') await tmpfs.mount(directory, sizeBytes)
    // What containers have made of it since is theirs.
    if (isNew) await chmod(directory, 0o777)
    if (group !== undefined) await giveToGroup(directory, group)
    return
  }
  await writeAtomically(directory, groupReadable(await payloadOf(inputs, volume), group))
  if (group !== undefined) await giveToGroup(directory, group)
}

async function payloadOf(inputs: PayloadInputs, volume: VolumeSpec): Promise<Payload> {
  const { configMap, secret, downwardAPI, projected } = volume
  if (configMap !== undefined) return configMapPayload(inputs, configMap)
  if (secret !== undefined) return secretPayload(inputs, secret)
  if (downwardAPI !== undefined) return downwardPayload(inputs, downwardAPI)
  if (projected !== undefined) return projectedPayload(inputs, projected)
  const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'of no type'
  throw new VolumeFailure(`volumes of type ${kind} are not supported; use one of ${supported}`)
}

function groupReadable(payload: Payload, group: number | undefined): Payload {
  if (group === undefined) return payload
  return new Map([...payload].map(([path, { content, mode }]) => [path, { content, mode: mode | 0o440 }]))
}

/** `fsGroup`: everything belongs to the group, and what is made in the directory later does too. */
async function giveToGroup(directory: string, group: number): Promise<void> {
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    await lchown(join(entry.parentPath, entry.name), process.getuid?.() ?? 0, group)
  }
  await lchown(directory, process.getuid?.() ?? 0, group)
  await chmod(directory, 0o2775)
}

/** Removes everything of a pod beside its logs. Idempotent. */
export async function removeVolumes(uid: string, { paths, tmpfs }: VolumeDeps): Promise<void> {
  const directory = dataDirectory(paths, uid)
  await tmpfs.unmountUnder(directory)
  await rm(directory, { recursive: true, force: true })
}
