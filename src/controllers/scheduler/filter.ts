import { withNode, type ClusterView } from './cluster-view.ts'
import { interPodAffinity } from './filters/inter-pod-affinity.ts'
import { nodeAffinity, pinnedNodes } from './filters/node-affinity.ts'
import { nodePorts } from './filters/node-ports.ts'
import { nodeUnschedulable } from './filters/node-unschedulable.ts'
import { podTopologySpread } from './filters/pod-topology-spread.ts'
import { resourcesFit } from './filters/resources-fit.ts'
import { taintToleration } from './filters/taint-toleration.ts'
import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'

/** The names of upstream's plugins. */
export type FilterName =
  | 'NodeUnschedulable'
  | 'TaintToleration'
  | 'NodeAffinity'
  | 'NodePorts'
  | 'NodeResourcesFit'
  | 'PodTopologySpread'
  | 'InterPodAffinity'

/** One rule of where a pod may run. Pure. */
export interface Filter {
  readonly name: FilterName
  /** Looks at the cluster once for a pod; what comes back is asked for each node. Undefined if it refuses none. */
  prepare(pod: PodInfo, cluster: ClusterView): NodeFilter | undefined
}

/** Undefined if the pod can run there. */
export type NodeFilter = (node: NodeInfo) => Refusal | undefined

export interface Refusal {
  /** In upstream's words. */
  readonly reasons: readonly string[]
  /** Whether it could be otherwise if some pods were not on the node. */
  readonly dueToPods: boolean
}

/** A filter's refusal. */
export interface Refused extends Refusal {
  readonly by: FilterName
}

/**
 * In this order, upstream's: what is said of a node is what the first filter says that refuses it, so the rules that say
 * most about the node come before those about what is left on it.
 */
export const filters: readonly Filter[] = [
  pinnedNodes, // another node is meant: what this one is like is of no interest
  nodeUnschedulable, // cordoned: nothing else matters
  taintToleration, // not ready, unreachable, reserved
  nodeAffinity, // not one of the nodes that the pod wants
  nodePorts, // wanted, but its ports are taken
  resourcesFit, // wanted, but full
  podTopologySpread, // has room, but there are enough of its like
  interPodAffinity, // has room, but the wrong company
]

export interface Verdict {
  readonly feasible: readonly NodeInfo[]
  readonly refused: ReadonlyMap<string, Refused>
}

/** Asks every filter about every node. */
export function filterNodes(pod: PodInfo, cluster: ClusterView): Verdict {
  const isRefused = nodeCheck(pod, cluster)
  const feasible: NodeInfo[] = []
  const refused = new Map<string, Refused>()
  for (const node of cluster.nodes.values()) {
    const refusal = isRefused(node)
    if (refusal === undefined) feasible.push(node)
    else refused.set(node.name, refusal)
  }
  return { feasible, refused }
}

export type NodeCheck = (node: NodeInfo) => Refused | undefined

/**
 * Whether a pod can run on nodes of a cluster. Where pods have been promised a node that are at least as important, it
 * must be able to with and without them: they may come, and they may not.
 */
export function nodeCheck(pod: PodInfo, cluster: ClusterView): NodeCheck {
  const check = prepared(pod, cluster)
  return (node) => {
    const before = cluster.promisedPods(node.name).filter((other) => comesFirst(other, pod))
    if (before.length === 0) return check(node)
    const crowded = { ...node, load: node.load.with(before) }
    return prepared(pod, withNode(cluster, crowded))(crowded) ?? check(node)
  }
}

function prepared(pod: PodInfo, cluster: ClusterView): NodeCheck {
  const applicable = filters.flatMap(({ name, prepare }) => {
    const refuses = prepare(pod, cluster)
    return refuses === undefined ? [] : [{ name, refuses }]
  })
  return (node) => {
    for (const { name, refuses } of applicable) {
      const refusal = refuses(node)
      if (refusal !== undefined) return { ...refusal, by: name }
    }
    return undefined
  }
}

function comesFirst(other: PodInfo, pod: PodInfo): boolean {
  return other.priority >= pod.priority && other.pod.metadata.uid !== pod.pod.metadata.uid
}
