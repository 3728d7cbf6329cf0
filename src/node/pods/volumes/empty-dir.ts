import { chmod, mkdir } from 'node:fs/promises'
import type { Pod } from '../../../api/kinds/pod.ts'
import { numberOf } from '../../../api/quantity.ts'
import { podResources } from '../resources.ts'
import type { VolumeSpec } from '../spec.ts'
import type { Tmpfs } from './tmpfs.ts'

type EmptyDir = NonNullable<VolumeSpec['emptyDir']>

/** Makes the directory of an emptyDir volume, in memory if it asks for that. Idempotent: what is in it stays. */
export async function prepareEmptyDir(directory: string, tmpfs: Tmpfs, sizeBytes: number | undefined): Promise<void> {
  const isNew = (await mkdir(directory, { recursive: true })) !== undefined
  if (sizeBytes !== undefined) await tmpfs.mount(directory, sizeBytes)
  // What containers have made of it since is theirs.
  if (isNew) await chmod(directory, 0o777)
}

/**
 * The size of an emptyDir in memory: what the pod could hold in memory at all, or less if it says so; undefined for one
 * on disk. `allocatable` is the node's memory in bytes.
 */
export function memorySizeOf({ medium, sizeLimit }: EmptyDir, pod: Pod, allocatable: number): number | undefined {
  if (medium !== 'Memory') return undefined
  const { memoryLimitInBytes } = podResources(pod)
  const asked = sizeLimit === undefined ? 0 : Math.ceil(numberOf(sizeLimit))
  return Math.min(...[allocatable, memoryLimitInBytes, asked].filter((bytes) => bytes > 0))
}
