import type { ClusterView } from '../cluster-view.ts'
import type { Filter, NodeFilter } from '../filter.ts'
import { domainOf } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'
import { countSelected, isInAllTopologies, spreadConstraints, type SpreadConstraint } from '../spread-constraints.ts'

const mismatch = "node(s) didn't match pod topology spread constraints"

/** A constraint with the number of pods in each of its domains. */
interface Counted extends SpreadConstraint {
  readonly pods: ReadonlyMap<string, number>
  /** In the domain that has fewest; none if there are fewer domains than asked for. */
  readonly fewest: number
  /** Whether the pod itself is one of those that are spread. */
  readonly self: 0 | 1
}

/** `topologySpreadConstraints` with `DoNotSchedule`: no domain may get more than `maxSkew` ahead of the last. */
export const podTopologySpread: Filter = {
  name: 'PodTopologySpread',
  prepare(info, cluster): NodeFilter | undefined {
    const constraints = spreadConstraints(info.pod, 'DoNotSchedule')
    if (constraints.length === 0) return undefined
    const counted = count(info, constraints, cluster)
    return (node) => {
      for (const { topologyKey, maxSkew, pods, fewest, self } of counted) {
        const domain = domainOf(node, topologyKey)
        if (domain === undefined) return { reasons: [`${mismatch} (missing required label)`], dueToPods: false }
        const skew = (pods.get(domain) ?? 0) + self - fewest
        if (skew > maxSkew) return { reasons: [mismatch], dueToPods: true }
      }
      return undefined
    }
  },
}

function count({ pod }: PodInfo, constraints: readonly SpreadConstraint[], cluster: ClusterView): readonly Counted[] {
  const nodes = [...cluster.nodes.values()].filter((node) => isInAllTopologies(node, constraints))
  return constraints.map((constraint) => {
    const pods = new Map<string, number>()
    for (const node of nodes.filter((each) => constraint.counts(each.node))) {
      const domain = domainOf(node, constraint.topologyKey) ?? ''
      pods.set(domain, (pods.get(domain) ?? 0) + countSelected(node, constraint))
    }
    const fewest = pods.size < constraint.minDomains ? 0 : Math.min(...pods.values())
    return { ...constraint, pods, fewest, self: constraint.selects(pod) ? 1 : 0 }
  })
}
