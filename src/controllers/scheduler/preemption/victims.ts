import { withNode, type ClusterView } from '../cluster-view.ts'
import { nodeCheck } from '../filter.ts'
import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'

/** A node on which a pod would fit if others went. */
export interface Candidate {
  readonly node: NodeInfo
  /** The most important first; at least one. */
  readonly victims: readonly PodInfo[]
}

/**
 * The fewest pods of a node, and the least important, without which another fits there; or why it would not even so, in
 * upstream's words. All that are less important are taken away in thought, and put back, the most important first, as long
 * as the pod still fits.
 */
export function victimsOn(node: NodeInfo, pod: PodInfo, cluster: ClusterView): Candidate | readonly string[] {
  const lesser = [...node.load.pods()].filter(({ priority }) => priority < pod.priority).sort(byImportance)
  if (lesser.length === 0) return ['No preemption victims found for incoming pod']
  const emptied: NodeInfo = { ...node, load: node.load.without(lesser) }
  const without = withNode(cluster, emptied)
  // Prepared anew each time: what a filter makes of the cluster depends on who is there.
  const refusal = () => nodeCheck(pod, without)(emptied)
  const reasons = refusal()?.reasons
  if (reasons !== undefined) return reasons
  const victims = lesser.filter((reprieved) => {
    emptied.load.add(reprieved)
    if (refusal() === undefined) return false
    emptied.load.remove(reprieved.pod.metadata.uid)
    return true
  })
  return { node, victims }
}

/** Of higher priority first; of equals the one that has run longest. */
export function byImportance(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startOf(a) - startOf(b)
}

/** In milliseconds; a pod that has not started is the youngest. */
export function startOf({ pod }: PodInfo): number {
  const startMs = Date.parse(pod.status?.startTime ?? '')
  return Number.isNaN(startMs) ? Number.MAX_SAFE_INTEGER : startMs
}
