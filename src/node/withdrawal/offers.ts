import type { Endpoint, EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Service } from '../../api/kinds/service.ts'
import { hasEnded, isReady } from '../../api/no-endpoints/backing-pods.ts'

/** A resource version as a number: versions of one cluster can be compared (KEP-5504). 0 for one that cannot be read. */
export function revisionOf(version: string | undefined): bigint {
  return version !== undefined && /^\d+$/.test(version) ? BigInt(version) : 0n
}

/** The pods, by uid, that a slice offers to new connections. */
export function offeredPods(slice: EndpointSlice | undefined): ReadonlySet<string> {
  return podsOf(slice, isOffered)
}

/** Those that are on their way out and offered no more. */
export function leavingPods(slice: EndpointSlice | undefined): ReadonlySet<string> {
  return podsOf(slice, (endpoint) => endpoint.conditions?.terminating === true && !isOffered(endpoint))
}

/** The pods that a change of a slice takes out of service. */
export function withdrawnPods(previous: EndpointSlice | undefined, next: EndpointSlice | undefined): readonly string[] {
  const offered = offeredPods(next)
  return [...offeredPods(previous)].filter((uid) => !offered.has(uid))
}

/** Whether a Service that selects the pod offers it, or did until the pod was deleted. */
export function mayBeOffered(pod: Pod, service: Service | undefined): boolean {
  if (service === undefined || service.spec.type === 'ExternalName' || hasEnded(pod)) return false
  return service.spec.publishNotReadyAddresses === true || isReady(pod)
}

/** `publishNotReadyAddresses` calls even a terminating endpoint ready: that it terminates counts. */
function isOffered({ conditions }: Endpoint): boolean {
  return conditions?.ready !== false && conditions?.terminating !== true
}

function podsOf(slice: EndpointSlice | undefined, counts: (endpoint: Endpoint) => boolean): ReadonlySet<string> {
  const uids = slice?.endpoints.filter(counts).map(({ targetRef }) => (targetRef?.kind === 'Pod' ? targetRef.uid : undefined))
  return new Set(uids?.filter((uid): uid is string => uid !== undefined))
}
