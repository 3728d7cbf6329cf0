import type { Pod } from '../../../api/kinds/pod.ts'
import { objectKey, type ObjectKey } from '../../../api/object.ts'

/** The objects that a pod's volumes are made of. */
export interface VolumeReferences {
  readonly configMaps: ReadonlySet<ObjectKey>
  readonly secrets: ReadonlySet<ObjectKey>
}

export function volumeReferences(pod: Pod | undefined): VolumeReferences {
  const volumes = pod?.spec.volumes ?? []
  const projections = volumes.flatMap(({ projected }) => projected?.sources ?? [])
  const namespace = pod?.metadata.namespace
  const keys = (names: readonly (string | undefined)[]) =>
    new Set(names.filter((name) => name !== undefined && name !== '').map((name) => objectKey(namespace, name ?? '')))
  return {
    configMaps: keys([...volumes, ...projections].map(({ configMap }) => configMap?.name)),
    secrets: keys([
      ...volumes.map(({ secret }) => secret?.secretName),
      ...projections.map(({ secret }) => secret?.name),
    ]),
  }
}
