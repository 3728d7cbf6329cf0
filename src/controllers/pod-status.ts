import type { Pod, PodCondition } from '../api/kinds/pod.ts'
import { conditionOf } from './conditions.ts'

export function readyCondition(pod: Pod): PodCondition | undefined {
  return conditionOf(pod.status?.conditions, 'Ready')
}

export function isReady(pod: Pod): boolean {
  return readyCondition(pod)?.status === 'True'
}

/** Ended for good: its containers will not run again. */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined
}

/** Counts towards the replicas of its controller. */
export function isActive(pod: Pod): boolean {
  return !isTerminal(pod) && !isTerminating(pod)
}

/** Milliseconds until the pod has been ready for `minReadySeconds`; 0 if it has, undefined if it is not ready. */
export function availableInMs(pod: Pod, minReadySeconds: number, now: Date): number | undefined {
  const ready = readyCondition(pod)
  if (ready?.status !== 'True') return undefined
  if (minReadySeconds <= 0) return 0
  const sinceMs = Date.parse(ready.lastTransitionTime ?? '')
  // Without a time nothing can be counted: available once a condition with one is posted.
  if (Number.isNaN(sinceMs)) return undefined
  return Math.max(0, sinceMs + minReadySeconds * 1000 - now.getTime())
}
