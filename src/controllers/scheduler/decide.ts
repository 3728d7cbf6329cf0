import type { ClusterView } from './cluster-view.ts'
import { filterNodes, type FilterName } from './filter.ts'
import { fitError } from './fit-error.ts'
import type { PodInfo } from './pod-info.ts'
import { preempt, type Preemption } from './preemption/preempt.ts'
import { pickNode } from './score.ts'

export type Decision = Placement | Rejection

export interface Placement {
  readonly outcome: 'fits'
  readonly nodeName: string
}

export interface Rejection {
  readonly outcome: 'fits nowhere'
  /** As `FailedScheduling` says it. */
  readonly message: string
  readonly refusedBy: ReadonlySet<FilterName>
  readonly preemption: Preemption
}

/** Where a pod goes. Pure; costs as much as there are nodes, and pods where the pod's rules are about other pods. */
export function decide(pod: PodInfo, cluster: ClusterView): Decision {
  const { feasible, refused } = filterNodes(pod, cluster)
  const promised = feasible.find(({ name }) => name === cluster.promisedNode(pod.pod))
  const chosen = promised ?? pickNode(pod, feasible, cluster)
  if (chosen !== undefined) return { outcome: 'fits', nodeName: chosen.name }
  const preemption = preempt(pod, cluster, refused)
  const reasons = [...refused.values()].flatMap((refusal) => refusal.reasons)
  const why = preemption.outcome === 'possible' ? undefined : preemption.why
  return {
    outcome: 'fits nowhere',
    message: fitError(cluster.nodes.size, reasons, why),
    refusedBy: new Set([...refused.values()].map(({ by }) => by)),
    preemption,
  }
}
