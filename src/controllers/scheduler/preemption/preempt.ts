import { conditionOf } from '../../conditions.ts'
import { isTerminating } from '../../pod-status.ts'
import type { ClusterView } from '../cluster-view.ts'
import type { Refused } from '../filter.ts'
import { countedReasons } from '../fit-error.ts'
import type { PodInfo } from '../pod-info.ts'
import { pickCandidate } from './pick-candidate.ts'
import { victimsOn, type Candidate } from './victims.ts'

export type Preemption =
  | ({ readonly outcome: 'possible' } & Candidate)
  /** No node would do: a promise of one that was made before is void. */
  | { readonly outcome: 'useless'; readonly why: string }
  /** It must not, or has already and waits for others to go. */
  | { readonly outcome: 'not eligible'; readonly why: string }

export const preemptedReason = 'PreemptionByScheduler'

/**
 * Whether a pod that fits nowhere may have room made for it, on which node and at whose cost (upstream's plugin
 * DefaultPreemption). There are no PodDisruptionBudgets to spare.
 */
export function preempt(pod: PodInfo, cluster: ClusterView, refused: ReadonlyMap<string, Refused>): Preemption {
  const why = ineligibility(pod, cluster, refused)
  if (why !== undefined) return { outcome: 'not eligible', why }
  const reasons: string[] = []
  const candidates: Candidate[] = []
  for (const node of cluster.nodes.values()) {
    const found = refused.get(node.name)?.dueToPods === true ? victimsOn(node, pod, cluster) : [unhelpful]
    if ('victims' in found) candidates.push(found)
    else reasons.push(...found)
  }
  const picked = pickCandidate(candidates)
  if (picked === undefined) return { outcome: 'useless', why: countedReasons(cluster.nodes.size, reasons) }
  return { outcome: 'possible', ...picked }
}

const unhelpful = 'Preemption is not helpful for scheduling'

/** Why the pod must not push others off a node now. */
function ineligibility(
  { pod, priority }: PodInfo,
  cluster: ClusterView,
  refused: ReadonlyMap<string, Refused>,
): string | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.'
  const promised = cluster.nodes.get(cluster.promisedNode(pod) ?? '')
  // What is wrong there now, no leaving pod can put right.
  if (promised === undefined || refused.get(promised.name)?.dueToPods === false) return undefined
  const waits = [...promised.load.pods()].some((other) => other.priority < priority && isBeingPreempted(other))
  return waits ? 'not eligible due to a terminating pod on the nominated node.' : undefined
}

function isBeingPreempted({ pod }: PodInfo): boolean {
  const target = conditionOf(pod.status?.conditions, 'DisruptionTarget')
  return isTerminating(pod) && target?.status === 'True' && target.reason === preemptedReason
}
