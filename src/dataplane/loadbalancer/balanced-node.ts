import type { Node } from '../../api/kinds/node.ts'
import { parseIPv4 } from '../../base/ip.ts'

/** A node as the load balancer knows it. */
export interface BalancedNode {
  readonly name: string
  readonly address: string
  /** Whether it is to get new connections. */
  readonly isOpen: boolean
}

const excludedLabel = 'node.kubernetes.io/exclude-from-external-load-balancers'
const leavingTaint = 'ToBeDeletedByClusterAutoscaler'

/**
 * Undefined for a node that has no address yet. Whether it is open follows upstream's rules for load balancers that ask
 * nodes for their health: readiness does not count (KEP-3458), nor whether pods may be scheduled there.
 */
export function balancedNode({ metadata, spec, status }: Node): BalancedNode | undefined {
  const found = status?.addresses?.find(({ type, address }) => type === 'InternalIP' && parseIPv4(address) !== undefined)
  if (found === undefined) return undefined
  const isExcluded = metadata.labels?.[excludedLabel] !== undefined
  const isLeaving = metadata.deletionTimestamp !== undefined || (spec.taints ?? []).some(({ key }) => key === leavingTaint)
  return { name: metadata.name, address: found.address, isOpen: !isExcluded && !isLeaving }
}
