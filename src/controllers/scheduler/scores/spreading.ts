import { defaultConstraints } from '../default-constraints.ts'
import { domainOf, type NodeInfo } from '../node-info.ts'
import type { Score } from '../score.ts'
import { countSelected, isInAllTopologies, spreadConstraints, type SpreadConstraint } from '../spread-constraints.ts'
import { highest } from './rating.ts'

const hostname = 'kubernetes.io/hostname'

/**
 * `topologySpreadConstraints` with `ScheduleAnyway`; for pods without constraints those that upstream has for all: pods of
 * one Service or owner spread over nodes, and over zones where there are some.
 */
export const spreading: Score = {
  name: 'PodTopologySpread',
  weight: 2,
  rate(pod, nodes, cluster) {
    const own = (pod.pod.spec.topologySpreadConstraints ?? []).length > 0
    const constraints = own ? spreadConstraints(pod.pod, 'ScheduleAnyway') : defaultConstraints(pod.pod, cluster)
    if (constraints.length === 0) return undefined
    // Nodes without a zone are still spread over by name, unless the pod itself asks for zones.
    const isMeant = (node: NodeInfo) => !own || isInAllTopologies(node, constraints)
    const meant = nodes.filter(isMeant)
    const crowds = constraints.map((constraint) => crowdIn(constraint, meant, [...cluster.nodes.values()].filter(isMeant)))
    return emptiest(nodes.map((node) => (isMeant(node) ? crowdOn(node, crowds) : undefined)))
  },
}

/** How crowded a domain is by one constraint; undefined outside of the topology. */
type Crowd = (node: NodeInfo) => number | undefined

function crowdIn(constraint: SpreadConstraint, feasible: readonly NodeInfo[], all: readonly NodeInfo[]): Crowd {
  const { topologyKey, maxSkew } = constraint
  const domains = new Set(feasible.map((node) => domainOf(node, topologyKey) ?? ''))
  const size = topologyKey === hostname ? feasible.length : domains.size
  // So that few large domains are not outweighed by many small ones; small differences count less the more are allowed.
  const crowd = (pods: number) => pods * Math.log(size + 2) + (maxSkew - 1)
  if (topologyKey === hostname) {
    return (node) => (domainOf(node, hostname) === undefined ? undefined : crowd(countSelected(node, constraint)))
  }
  const pods = podsByDomain(constraint, all)
  return (node) => {
    const domain = domainOf(node, topologyKey)
    return domain === undefined ? undefined : crowd(pods.get(domain) ?? 0)
  }
}

function podsByDomain(constraint: SpreadConstraint, nodes: readonly NodeInfo[]): ReadonlyMap<string, number> {
  const pods = new Map<string, number>()
  for (const node of nodes) {
    const domain = domainOf(node, constraint.topologyKey)
    if (domain === undefined || !constraint.counts(node.node)) continue
    pods.set(domain, (pods.get(domain) ?? 0) + countSelected(node, constraint))
  }
  return pods
}

function crowdOn(node: NodeInfo, crowds: readonly Crowd[]): number {
  return Math.round(crowds.reduce((total, crowd) => total + (crowd(node) ?? 0), 0))
}

/** The fewer, the better; nodes that are not meant come last. */
function emptiest(crowds: readonly (number | undefined)[]): readonly number[] {
  const known = crowds.filter((crowd) => crowd !== undefined)
  const most = Math.max(0, ...known)
  const least = Math.min(...known)
  return crowds.map((crowd) => {
    if (crowd === undefined) return 0
    return most === 0 ? highest : Math.trunc((highest * (most + least - crowd)) / most)
  })
}
