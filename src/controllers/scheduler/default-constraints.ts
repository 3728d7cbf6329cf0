import type { Pod } from '../../api/kinds/pod.ts'
import { controllerOf } from '../../api/object.ts'
import type { ClusterView } from './cluster-view.ts'
import type { SpreadConstraint } from './spread-constraints.ts'
import { isWanted } from './node-selection.ts'

/** Upstream's `systemDefaultConstraints`, none of which must be met. */
const topologies = [
  { topologyKey: 'kubernetes.io/hostname', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5 },
]

const spreadOwners: ReadonlySet<string> = new Set(['ReplicationController', 'ReplicaSet', 'StatefulSet'])

/**
 * How pods spread that say nothing of it: those behind the same Services and of the same owner are kept apart. None for a
 * pod that is behind no Service and has no such owner. Upstream goes by the owner's selector, which selects the same.
 */
export function defaultConstraints(pod: Pod, cluster: ClusterView): readonly SpreadConstraint[] {
  const { namespace } = pod.metadata
  const selectors = cluster.serviceSelectors(pod)
  const owner = controllerOf(pod)
  const ownerUid = owner !== undefined && spreadOwners.has(owner.kind) ? owner.uid : undefined
  if (selectors.length === 0 && ownerUid === undefined) return []
  const wanted = selectors.flatMap((selector) => Object.entries(selector))
  const selects = (other: Pod) =>
    other.metadata.namespace === namespace &&
    wanted.every(([key, value]) => other.metadata.labels?.[key] === value) &&
    (ownerUid === undefined || controllerOf(other)?.uid === ownerUid)
  const counts: SpreadConstraint['counts'] = (node) => isWanted(pod.spec, node)
  return topologies.map((topology) => ({ ...topology, minDomains: 1, selects, counts }))
}
