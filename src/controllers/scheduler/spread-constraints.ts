import type { Node } from '../../api/kinds/node.ts'
import type { Pod, PodSpec } from '../../api/kinds/pod.ts'
import { isTerminating } from '../pod-status.ts'
import { isTolerated } from '../tolerations.ts'
import { domainOf, type NodeInfo } from './node-info.ts'
import { isWanted } from './node-selection.ts'
import { bindingTaints } from './node-taints.ts'
import { readSelector } from './pod-affinity.ts'

type Constraint = NonNullable<PodSpec['topologySpreadConstraints']>[number]

/** A topology spread constraint (KEP-895) with its selector read. */
export interface SpreadConstraint {
  readonly topologyKey: string
  readonly maxSkew: number
  readonly minDomains: number
  /** Which pods are spread, within the namespace. */
  selects(pod: Pod): boolean
  /** Whether a node counts when the pods of its domain are counted. */
  counts(node: Node): boolean
}

/** The pod's own constraints of one kind. */
export function spreadConstraints(pod: Pod, whenUnsatisfiable: Constraint['whenUnsatisfiable']): SpreadConstraint[] {
  const all = pod.spec.topologySpreadConstraints ?? []
  return all.filter((one) => one.whenUnsatisfiable === whenUnsatisfiable).map((one) => readConstraint(one, pod))
}

/** Nodes outside of a topology that matters are not part of what is compared. */
export function isInAllTopologies(node: NodeInfo, constraints: readonly SpreadConstraint[]): boolean {
  return constraints.every(({ topologyKey }) => domainOf(node, topologyKey) !== undefined)
}

/** How many of a node's pods a constraint is about; those that are going do not count. */
export function countSelected({ load }: NodeInfo, { selects }: SpreadConstraint): number {
  let count = 0
  for (const { pod } of load.pods()) if (!isTerminating(pod) && selects(pod)) count += 1
  return count
}

function readConstraint(constraint: Constraint, { metadata, spec }: Pod): SpreadConstraint {
  const { topologyKey, maxSkew, minDomains = 1, matchLabelKeys = [], labelSelector } = constraint
  const selector = readSelector(labelSelector)
  const { namespace, labels = {} } = metadata
  const alike = matchLabelKeys.filter((key) => labels[key] !== undefined)
  return {
    topologyKey,
    maxSkew,
    minDomains,
    selects: ({ metadata: other }) =>
      other.namespace === namespace &&
      selector.matches(other.labels) &&
      alike.every((key) => other.labels?.[key] === labels[key]),
    counts: nodeInclusion(constraint, spec),
  }
}

function nodeInclusion({ nodeAffinityPolicy, nodeTaintsPolicy }: Constraint, spec: PodSpec) {
  return (node: Node) => {
    if (nodeAffinityPolicy !== 'Ignore' && !isWanted(spec, node)) return false
    return nodeTaintsPolicy !== 'Honor' || bindingTaints(node).every((taint) => isTolerated(taint, spec.tolerations))
  }
}

