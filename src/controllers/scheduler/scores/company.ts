import type { ClusterView } from '../cluster-view.ts'
import { domainOf, type NodeInfo } from '../node-info.ts'
import type { AffinityTerm, WeightedTerm } from '../pod-affinity.ts'
import type { PodInfo } from '../pod-info.ts'
import type { Score } from '../score.ts'
import { highest } from './rating.ts'

/** What a required affinity of a pod that is there weighs for one that it would like to have near it. */
const requiredWeight = 1

/** Preferred affinity to and from other pods, and what those prefer of the new one. */
export const company: Score = {
  name: 'InterPodAffinity',
  weight: 2,
  rate(pod, nodes, cluster) {
    const points = weigh(pod, cluster)
    if (points.isEmpty) return undefined
    const sums = nodes.map((node) => points.of(node))
    const least = Math.min(...sums)
    const range = Math.max(...sums) - least
    return sums.map((sum) => (range === 0 ? 0 : Math.trunc((highest * (sum - least)) / range)))
  },
}

function weigh(pod: PodInfo, cluster: ClusterView): Points {
  const { preferred, preferredAnti } = pod.affinity
  const points = new Points()
  const hasOwn = preferred.length > 0 || preferredAnti.length > 0
  for (const node of cluster.nodes.values()) {
    // Without wishes of its own only those of the others matter.
    for (const other of hasOwn ? node.load.pods() : node.load.podsWithAffinity()) {
      const forOther = points.at(node, other, cluster)
      preferred.forEach((term) => forOther(term, term.weight))
      preferredAnti.forEach((term) => forOther(term, -term.weight))
      weighWishes(other, points.at(node, pod, cluster))
    }
  }
  return points
}

/** What a pod that is there wants of the new one. */
function weighWishes({ affinity }: PodInfo, add: AddTerm): void {
  affinity.required.forEach((term) => add(term, requiredWeight))
  affinity.preferred.forEach((term: WeightedTerm) => add(term, term.weight))
  affinity.preferredAnti.forEach((term: WeightedTerm) => add(term, -term.weight))
}

type AddTerm = (term: AffinityTerm, weight: number) => void

/** Points for the domains of topologies. */
class Points {
  readonly #byTopology = new Map<string, Map<string, number>>()

  get isEmpty(): boolean {
    return this.#byTopology.size === 0
  }

  /** Adds points for the node's domain if the term means the pod. */
  at(node: NodeInfo, { pod }: PodInfo, cluster: ClusterView): AddTerm {
    const namespaceLabels = cluster.namespaceLabels(pod.metadata.namespace ?? '')
    return (term, weight) => {
      const domain = domainOf(node, term.topologyKey)
      if (domain === undefined || !term.matches(pod, namespaceLabels)) return
      const domains = this.#byTopology.get(term.topologyKey) ?? new Map<string, number>()
      this.#byTopology.set(term.topologyKey, domains.set(domain, (domains.get(domain) ?? 0) + weight))
    }
  }

  of(node: NodeInfo): number {
    let total = 0
    for (const [topologyKey, domains] of this.#byTopology) {
      const domain = domainOf(node, topologyKey)
      if (domain !== undefined) total += domains.get(domain) ?? 0
    }
    return total
  }
}
