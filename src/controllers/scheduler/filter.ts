import type { Pod } from '../../api/kinds/pod.ts'
import { nodeAffinity } from './filters/node-affinity.ts'
import { nodePorts } from './filters/node-ports.ts'
import { nodeUnschedulable } from './filters/node-unschedulable.ts'
import { resourcesFit } from './filters/resources-fit.ts'
import { taintToleration } from './filters/taint-toleration.ts'
import type { NodeInfo } from './node-info.ts'

/** One rule of where a pod may run. Pure. */
export interface Filter {
  /** Of upstream's plugin. */
  readonly name: string
  /** Why the pod cannot run there, in upstream's words; empty if it can. */
  reasons(pod: Pod, info: NodeInfo): readonly string[]
}

/**
 * In this order: what is said of a node is what the first filter says that refuses it, so the rules that say most
 * about the node come before those about what is left on it.
 */
export const filters: readonly Filter[] = [
  nodeUnschedulable, // cordoned: nothing else matters
  taintToleration, // not ready, unreachable, reserved
  nodeAffinity, // not one of the nodes that the pod wants
  nodePorts, // wanted, but its ports are taken
  resourcesFit, // wanted, but full
]

export interface Verdict {
  readonly feasible: readonly NodeInfo[]
  /** How many nodes were refused for each reason. */
  readonly refusals: ReadonlyMap<string, number>
}

export function filterNodes(pod: Pod, infos: readonly NodeInfo[]): Verdict {
  const refusals = new Map<string, number>()
  const feasible = infos.filter((info) => {
    const reasons = firstRefusal(pod, info)
    for (const reason of reasons) refusals.set(reason, (refusals.get(reason) ?? 0) + 1)
    return reasons.length === 0
  })
  return { feasible, refusals }
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.`, as upstream's `FitError`. */
export function describeRefusals(nodeCount: number, refusals: ReadonlyMap<string, number>): string {
  if (nodeCount === 0) return 'no nodes available to schedule pods'
  const counted = [...refusals].map(([reason, count]) => `${count} ${reason}`).sort()
  return `0/${nodeCount} nodes are available: ${counted.join(', ')}.`
}

function firstRefusal(pod: Pod, info: NodeInfo): readonly string[] {
  for (const filter of filters) {
    const reasons = filter.reasons(pod, info)
    if (reasons.length > 0) return reasons
  }
  return []
}
