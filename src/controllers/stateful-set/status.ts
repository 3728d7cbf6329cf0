import type { Pod } from '../../api/kinds/pod.ts'
import type { StatefulSet, StatefulSetStatus } from '../../api/kinds/stateful-set.ts'
import { availableInMs, isReady, isTerminating } from '../pod-status.ts'
import { unlessZero } from '../unless-zero.ts'
import { revisionNameOf } from './identity.ts'

export interface StatusInput {
  readonly set: StatefulSet
  readonly pods: readonly Pod[]
  /** Names of revisions. */
  readonly currentRevision: string
  readonly updateRevision: string
  readonly collisionCount: number
  readonly now: Date
}

/** The status that the pods of a set imply. Pure. Counts of zero that upstream leaves out are left out. */
export function statefulSetStatus(input: StatusInput): StatefulSetStatus {
  const { set, pods, currentRevision, updateRevision, collisionCount, now } = input
  const { metadata, spec, status } = set
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isReady(pod))
  const available = ready.filter((pod) => availableInMs(pod, spec.minReadySeconds ?? 0, now) === 0)
  const staying = pods.filter((pod) => !isTerminating(pod))
  const of = (revision: string) => staying.filter((pod) => revisionNameOf(pod) === revision).length
  const updated = of(updateRevision)
  const wanted = spec.replicas ?? 1
  const isRolling = spec.updateStrategy?.type !== 'OnDelete'
  const isComplete = isRolling && [updated, ready.length, pods.length].every((count) => count === wanted)
  const { conditions } = status ?? {}
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    replicas: pods.length,
    ...unlessZero('readyReplicas', ready.length),
    availableReplicas: available.length,
    ...unlessZero('currentReplicas', isComplete ? updated : of(currentRevision)),
    ...unlessZero('updatedReplicas', updated),
    currentRevision: isComplete ? updateRevision : currentRevision,
    updateRevision,
    collisionCount,
    ...(conditions === undefined ? {} : { conditions }),
  }
}
