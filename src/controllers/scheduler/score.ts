import type { ClusterView } from './cluster-view.ts'
import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'
import { company } from './scores/company.ts'
import { balancedAllocation, leastAllocated } from './scores/free-resources.ts'
import { preferredNodes, softTaints } from './scores/node-preference.ts'
import { spreading } from './scores/spreading.ts'

/** One view of which of several feasible nodes is better. Pure. */
export interface Score {
  /** Of upstream's plugin. */
  readonly name: string
  readonly weight: number
  /** For each node a whole number from 0 to `highest` (`scores/rating.ts`); undefined if all are the same to it. */
  rate(pod: PodInfo, nodes: readonly NodeInfo[], cluster: ClusterView): readonly number[] | undefined
}

/** Upstream's, with its weights. */
export const scores: readonly Score[] = [
  softTaints, // 3: somebody asked to stay away
  preferredNodes, // 2: the pod asked for it
  spreading, // 2
  company, // 2
  leastAllocated, // 1
  balancedAllocation, // 1
]

/**
 * The node to take of those that are feasible. Of equals, which upstream draws lots for, the one with the fewest pods, and
 * then the first by name. Undefined only for an empty list.
 */
export function pickNode(pod: PodInfo, feasible: readonly NodeInfo[], cluster: ClusterView): NodeInfo | undefined {
  if (feasible.length <= 1) return feasible[0]
  const points = feasible.map(() => 0)
  for (const { weight, rate } of scores) {
    rate(pod, feasible, cluster)?.forEach((rating, at) => (points[at] = (points[at] ?? 0) + weight * rating))
  }
  const ranked = feasible.map((node, at) => ({ node, points: points[at] ?? 0 }))
  return ranked.reduce((best, one) => (isBetter(one, best) ? one : best)).node
}

interface Ranked {
  readonly node: NodeInfo
  readonly points: number
}

function isBetter(one: Ranked, than: Ranked): boolean {
  if (one.points !== than.points) return one.points > than.points
  if (one.node.load.count !== than.node.load.count) return one.node.load.count < than.node.load.count
  return one.node.name < than.node.name
}
