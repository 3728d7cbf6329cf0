import { lstat, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod } from '../../../api/kinds/pod.ts'
import type { Turns } from '../../../base/turns.ts'
import { dataDirectory, volumeDirectory, type NodePaths } from '../paths.ts'
import { tokenProjectionsIn, type VolumeSpec } from '../spec.ts'
import { StartFailure } from '../start-failure.ts'
import { dataLink, writeAtomically } from './atomic-directory.ts'
import { memorySizeOf, prepareEmptyDir } from './empty-dir.ts'
import { prepareHostPath } from './host-path.ts'
import { giveToGroup } from './ownership.ts'
import {
  configMapPayload,
  downwardPayload,
  projectedPayload,
  secretPayload,
  type Payload,
  type PayloadInputs,
} from './payload.ts'
import { describeSystemError } from './system-error.ts'
import type { Tmpfs } from './tmpfs.ts'
import { isVolumeProblem, VolumeFailure } from './volume-failure.ts'

export interface VolumeDeps {
  readonly paths: NodePaths
  readonly tmpfs: Tmpfs
  /** By pod uid: volumes are set up, brought up to date and removed one after the other. */
  readonly volumeTurns: Turns
}

const supported = 'emptyDir, hostPath, configMap, secret, downwardAPI and projected'

/**
 * Sets up all volumes of a pod. Idempotent. Resolves to what is wrong with those that could not be; each problem names
 * the volume.
 */
export async function prepareVolumes(inputs: PayloadInputs, deps: VolumeDeps): Promise<readonly StartFailure[]> {
  return deps.volumeTurns.take(inputs.pod.metadata.uid, () =>
    eachVolume(inputs.pod.spec.volumes ?? [], (volume) => prepareVolume(inputs, volume, deps)),
  )
}

/** Brings the files of volumes that are set up to date. Resolves as `prepareVolumes` does. */
export async function refreshVolumes(inputs: PayloadInputs, deps: VolumeDeps): Promise<readonly StartFailure[]> {
  return refresh(inputs, deps, inputs.pod.spec.volumes ?? [])
}

/** The same for volumes that hold tokens. Throws the first problem. */
export async function refreshTokenVolumes(inputs: PayloadInputs, deps: VolumeDeps): Promise<void> {
  const holders = (inputs.pod.spec.volumes ?? []).filter((volume) => tokenProjectionsIn(volume).length > 0)
  const [problem] = await refresh(inputs, deps, holders)
  if (problem !== undefined) throw problem
}

async function refresh(
  inputs: PayloadInputs,
  deps: VolumeDeps,
  volumes: readonly VolumeSpec[],
): Promise<readonly StartFailure[]> {
  return deps.volumeTurns.take(inputs.pod.metadata.uid, () =>
    eachVolume(volumes, async (volume) => {
      const directory = volumePath(inputs.pod, volume, deps.paths)
      if (holdsFiles(volume) && (await isSetUp(directory))) await writeFiles(inputs, volume, directory)
    }),
  )
}

async function eachVolume(
  volumes: readonly VolumeSpec[],
  work: (volume: VolumeSpec) => Promise<void>,
): Promise<readonly StartFailure[]> {
  const problems: StartFailure[] = []
  for (const volume of volumes) {
    try {
      await work(volume)
    } catch (error) {
      const why = isVolumeProblem(error) ? error.message : describeSystemError(error)
      if (why === undefined) throw error
      const message = `MountVolume.SetUp failed for volume ${JSON.stringify(volume.name)} : ${why}`
      problems.push(new StartFailure('config', 'FailedMount', message))
    }
  }
  return problems
}

/** Where a volume lies on the node. */
export function volumePath({ metadata }: Pod, volume: VolumeSpec, paths: NodePaths): string {
  return volume.hostPath?.path ?? volumeDirectory(paths, metadata.uid, volume.name)
}

async function prepareVolume(inputs: PayloadInputs, volume: VolumeSpec, { paths, tmpfs }: VolumeDeps): Promise<void> {
  const { pod, facts } = inputs
  if (volume.hostPath !== undefined) return prepareHostPath(volume.hostPath)
  const directory = volumePath(pod, volume, paths)
  if (volume.emptyDir === undefined) return writeFiles(inputs, volume, directory)
  await prepareEmptyDir(directory, tmpfs, memorySizeOf(volume.emptyDir, pod, facts.allocatable.memory))
  const group = pod.spec.securityContext?.fsGroup
  if (group !== undefined) await giveToGroup(directory, group, false)
}

async function writeFiles(inputs: PayloadInputs, volume: VolumeSpec, directory: string): Promise<void> {
  const group = inputs.pod.spec.securityContext?.fsGroup
  await writeAtomically(directory, await payloadOf(inputs, volume), group)
}

function holdsFiles({ configMap, secret, downwardAPI, projected }: VolumeSpec): boolean {
  return [configMap, secret, downwardAPI, projected].some((source) => source !== undefined)
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

async function isSetUp(directory: string): Promise<boolean> {
  try {
    await lstat(join(directory, dataLink))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Removes everything of a pod beside its logs. Idempotent. */
export async function removeVolumes(uid: string, { paths, tmpfs, volumeTurns }: VolumeDeps): Promise<void> {
  const directory = dataDirectory(paths, uid)
  await volumeTurns.take(uid, async () => {
    await tmpfs.unmountUnder(directory)
    await rm(directory, { recursive: true, force: true })
  })
}
