import type { Endpoint, EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { BalancedNode } from './balanced-node.ts'
import type { Scope } from './frontend.ts'
import type { HealthOf } from './health.ts'

/** Where service proxies say whether they are well; kube-proxy's port. */
export const nodeHealthPort = 10_256

/** Nodes that a Service may be led to, whatever their health. With `Local`, those that endpoints say they are on. */
export function candidatesFor(scope: Scope, nodes: readonly BalancedNode[], slices: readonly EndpointSlice[]): readonly BalancedNode[] {
  if (scope.nodes === 'all') return nodes
  const names = nodesWithEndpoints(slices)
  return nodes.filter(({ name }) => names.has(name))
}

/**
 * Those of the candidates that connections are led to: the healthy ones. If none is, all are tried, because a check may
 * be wrong and nothing is lost by it. A node that has just got an endpoint is left out until its proxy knows of it, too.
 */
export function membersOf(scope: Scope, candidates: readonly BalancedNode[], healthOf: HealthOf): readonly BalancedNode[] {
  const alive = candidates.filter(({ address }) => healthOf(address, nodeHealthPort) !== 'unhealthy')
  const some = alive.length > 0 ? alive : candidates
  if (scope.nodes === 'all') return some
  const proven = some.filter(({ address }) => healthOf(address, scope.healthCheckPort) === 'healthy')
  return proven.length > 0 ? proven : some
}

/** Names of nodes with a ready endpoint; if there are none, of those with one that still serves while it ends (KEP-1669). */
function nodesWithEndpoints(slices: readonly EndpointSlice[]): ReadonlySet<string> {
  const endpoints = slices.filter(({ addressType }) => addressType === 'IPv4').flatMap((slice) => slice.endpoints)
  const ready = namesOf(endpoints.filter(({ conditions }) => conditions?.ready !== false))
  return ready.size > 0 ? ready : namesOf(endpoints.filter(servesToTheEnd))
}

function servesToTheEnd({ conditions }: Endpoint): boolean {
  return conditions?.terminating === true && conditions.serving === true
}

function namesOf(endpoints: readonly Endpoint[]): ReadonlySet<string> {
  return new Set(endpoints.map(({ nodeName }) => nodeName).filter((name) => name !== undefined))
}
