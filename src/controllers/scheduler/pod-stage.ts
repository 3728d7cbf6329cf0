import type { Pod } from '../../api/kinds/pod.ts'
import { isTerminal, isTerminating } from '../pod-status.ts'

export const schedulerName = 'default-scheduler'

/** Whether a pod waits for a node, and for this scheduler to find it. */
export function isToSchedule(pod: Pod | undefined): pod is Pod {
  if (pod === undefined || isBound(pod) || isTerminating(pod) || isTerminal(pod)) return false
  const { schedulerName: wanted = schedulerName, schedulingGates = [] } = pod.spec
  return wanted === schedulerName && schedulingGates.length === 0
}

/** Whether a pod takes room on a node. */
export function takesRoom(pod: Pod | undefined): pod is Pod {
  return pod !== undefined && isBound(pod) && !isTerminal(pod)
}

/** The node that a pod has been promised once others have left it, if any. */
export function promisedNode(pod: Pod | undefined): string | undefined {
  return pod?.status?.nominatedNodeName || undefined
}

function isBound({ spec }: Pod): boolean {
  return spec.nodeName !== undefined && spec.nodeName !== ''
}
