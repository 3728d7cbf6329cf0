import type { Pod } from '../../api/kinds/pod.ts'
import type { StatefulSet } from '../../api/kinds/stateful-set.ts'
import { availableInMs, isTerminating } from '../pod-status.ts'
import { ordinalOf } from './identity.ts'

export interface Members {
  /** The ordinal of the first of `replicas`. */
  readonly start: number
  /** How many there should be. */
  readonly wanted: number
  /** By ordinal; undefined where there is none yet. Of those missing at the end no more than can be made in one go. */
  readonly replicas: readonly (Pod | undefined)[]
  /** Those outside of the range, the highest ordinal first. */
  readonly condemned: readonly Pod[]
}

/** Pods created in one reconcile at most. */
const burst = 500

/** Sorts the pods of a set by what is to become of them. */
export function membersOf(set: StatefulSet, pods: readonly Pod[]): Members {
  const start = set.spec.ordinals?.start ?? 0
  const wanted = set.spec.replicas ?? 1
  const isWanted = ([ordinal]: readonly [number, Pod]) => ordinal >= start && ordinal < start + wanted
  const rising = pods.flatMap((pod) => numbered(set, pod)).sort(([a], [b]) => a - b)
  const kept = new Map(rising.filter(isWanted))
  const highest = rising.findLast(isWanted)?.[0] ?? start - 1
  const length = Math.min(wanted, highest - start + 1 + burst)
  const replicas = Array.from({ length }, (_, index) => kept.get(start + index))
  const condemned = rising.filter((member) => !isWanted(member)).map(([, pod]) => pod)
  return { start, wanted, replicas, condemned: condemned.reverse() }
}

function numbered(set: StatefulSet, pod: Pod): (readonly [number, Pod])[] {
  const ordinal = ordinalOf(set, pod)
  return ordinal === undefined ? [] : [[ordinal, pod]]
}

/** Running, ready for `minReadySeconds`, and to stay. */
export function isInService(pod: Pod, { spec }: StatefulSet, now: Date): boolean {
  const isRunning = pod.status?.phase === 'Running'
  return isRunning && !isTerminating(pod) && availableInMs(pod, spec.minReadySeconds ?? 0, now) === 0
}
