import type { Endpoint } from '../api/kinds/endpoint-slice.ts'
import type { Service } from '../api/kinds/service.ts'

const topologyHints = 'service.kubernetes.io/topology-aware-hints'
const topologyMode = 'service.kubernetes.io/topology-mode'
const closeDistributions: readonly (string | undefined)[] = ['PreferClose', 'PreferSameZone', 'PreferSameNode']

/**
 * Whom an endpoint is for, by the Service's `spec.trafficDistribution` (k8s.io/endpointslice/trafficdist): clients in its
 * own zone, and with PreferSameNode on its own node. Only ready endpoints have hints.
 *
 * `service.kubernetes.io/topology-mode: Auto` takes precedence over the field. It shares endpoints out among the zones by
 * their CPUs, which is not done here: its Services have no hints, as upstream's where that cannot be done.
 */
export function hintsFor({ spec, metadata }: Service, { conditions, zone, nodeName }: Endpoint): Endpoint['hints'] {
  const distribution = spec.trafficDistribution
  if (!closeDistributions.includes(distribution) || asksForTopology(metadata.annotations)) return undefined
  if (conditions?.ready !== true) return undefined
  const forNode = distribution === 'PreferSameNode' ? nodeName : undefined
  if (zone === undefined && forNode === undefined) return undefined
  return {
    ...(zone === undefined ? {} : { forZones: [{ name: zone }] }),
    ...(forNode === undefined ? {} : { forNodes: [{ name: forNode }] }),
  }
}

/** Of the two annotations the older one decides, if it is there at all. */
function asksForTopology(annotations: Readonly<Record<string, string>> = {}): boolean {
  const mode = annotations[topologyHints] ?? annotations[topologyMode]
  return mode === 'Auto' || mode === 'auto'
}
