import { rfc3339 } from '../../base/rfc3339.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import { numberOf } from '../../api/quantity.ts'
import { findContainer, type EnvVarSource } from './spec.ts'

export type FieldRef = NonNullable<EnvVarSource['fieldRef']>
export type ResourceFieldRef = NonNullable<EnvVarSource['resourceFieldRef']>

/** What of a pod's surroundings the downward API tells. */
export interface DownwardFacts {
  readonly hostIP: string
  /** '' while the pod has no address. */
  readonly podIP: string
  /** The node's, in cores and bytes: what a container without a limit may use. */
  readonly allocatable: { readonly cpu: number; readonly memory: number; readonly 'ephemeral-storage': number }
}

export class UnknownField extends Error {
  override readonly name = 'UnknownField'
}

/** The value of a downward API field path. Throws `UnknownField`. */
export function fieldValue(pod: Pod, { fieldPath }: Pick<FieldRef, 'fieldPath'>, facts: DownwardFacts): string {
  const [, map, key] = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(fieldPath) ?? []
  if (key !== undefined) return (map === 'labels' ? pod.metadata.labels : pod.metadata.annotations)?.[key] ?? ''
  switch (fieldPath) {
    case 'metadata.name':
      return pod.metadata.name
    case 'metadata.namespace':
      return pod.metadata.namespace ?? ''
    case 'metadata.uid':
      return pod.metadata.uid
    case 'metadata.labels':
      return formatMap(pod.metadata.labels ?? {})
    case 'metadata.annotations':
      return formatMap(pod.metadata.annotations ?? {})
    case 'spec.nodeName':
      return pod.spec.nodeName ?? ''
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? ''
    case 'status.hostIP':
    case 'status.hostIPs':
      return facts.hostIP
    case 'status.podIP':
    case 'status.podIPs':
      return facts.podIP
    case 'status.startTime':
      return pod.status?.startTime ?? rfc3339(new Date(0))
    default:
      throw new UnknownField(`unsupported fieldPath: ${fieldPath}`)
  }
}

/** One `key="value"` a line, sorted, as files of the downward API hold labels. */
function formatMap(map: Readonly<Record<string, string>>): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join('\n')
}

/**
 * A container's limit or request in units of the divisor, rounded up; the node's allocatable where there is no limit.
 * `container` is the one that asks, for references that name none. Throws `UnknownField`.
 */
export function resourceValue(pod: Pod, ref: ResourceFieldRef, container: string, facts: DownwardFacts): string {
  const name = ref.containerName ?? container
  const spec = findContainer(pod, name)?.spec
  if (spec === undefined) throw new UnknownField(`container ${JSON.stringify(name)} not found`)
  const [kind, resource = ''] = ref.resource.split('.', 2)
  if ((kind !== 'limits' && kind !== 'requests') || !(resource in facts.allocatable)) {
    throw new UnknownField(`unsupported container resource : ${ref.resource}`)
  }
  const { limits = {}, requests = {} } = spec.resources ?? {}
  const given = kind === 'limits' ? limits[resource] : (requests[resource] ?? limits[resource])
  const fallback = kind === 'limits' ? facts.allocatable[resource as keyof DownwardFacts['allocatable']] : 0
  const value = given === undefined ? fallback : numberOf(given)
  const divisor = ref.divisor === undefined || ref.divisor === '0' ? 1 : numberOf(ref.divisor)
  return String(Math.ceil(value / divisor))
}
