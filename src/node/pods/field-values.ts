import { rfc3339 } from '../../base/rfc3339.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import { parseQuantity } from '../../api/quantity.ts'
import { findContainer, type EnvVarSource } from './spec.ts'

export type FieldRef = NonNullable<EnvVarSource['fieldRef']>
export type ResourceFieldRef = NonNullable<EnvVarSource['resourceFieldRef']>

/** What of a pod's surroundings the downward API tells. */
export interface DownwardFacts {
  readonly hostIP: string
  /** '' while the pod has no address. */
  readonly podIP: string
  /** The node's, in whole cores and bytes: what a container without a limit may use. */
  readonly allocatable: { readonly cpu: number; readonly memory: number; readonly 'ephemeral-storage': number }
}

const nanosPerUnit = 10n ** 9n

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
  if (spec === undefined) throw new UnknownField(`container ${name} not found`)
  const [kind, resource = ''] = ref.resource.split('.', 2)
  if ((kind !== 'limits' && kind !== 'requests') || !isAllocatable(resource)) {
    throw new UnknownField(`unsupported container resource : ${ref.resource}`)
  }
  const { limits = {}, requests = {} } = spec.resources ?? {}
  const limit = nanosOf(limits[resource])
  const allocatable = BigInt(facts.allocatable[resource]) * nanosPerUnit
  const value = kind === 'requests' ? (nanosOf(requests[resource]) ?? limit ?? 0n) : (limit ?? allocatable)
  const divisor = nanosOf(ref.divisor) ?? nanosPerUnit
  return String((value + divisor - 1n) / divisor)
}

function isAllocatable(resource: string): resource is keyof DownwardFacts['allocatable'] {
  return resource === 'cpu' || resource === 'memory' || resource === 'ephemeral-storage'
}

/** Undefined for none and for nothing. */
function nanosOf(quantity: string | undefined): bigint | undefined {
  const nanos = quantity === undefined ? 0n : parseQuantity(quantity).nanos
  return nanos === 0n ? undefined : nanos
}
