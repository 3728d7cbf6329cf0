import type { Pod, PodTemplateSpec } from '../api/kinds/pod.ts'
import type { ReplicaSetStatus } from '../api/kinds/replica-set.ts'
import type { ObjectMeta } from '../api/object.ts'
import { selectorFromMap } from '../api/selectors.ts'
import { withCondition, withoutCondition } from './conditions.ts'
import type { ReplicaFailure } from './pod-control.ts'
import { availableInMs, isReady } from './pod-status.ts'

/** Of a ReplicationController or ReplicaSet: the one lacks only `terminatingReplicas`. */
export type ReplicaStatus = ReplicaSetStatus

export interface ReplicaStatusInput {
  readonly metadata: Pick<ObjectMeta, 'generation'>
  readonly spec: { readonly template?: PodTemplateSpec; readonly minReadySeconds?: number }
  readonly status?: ReplicaStatus
  readonly owned: readonly Pod[]
  /** How many of its pods are on their way out; undefined if the kind does not tell. */
  readonly terminating: number | undefined
  readonly failure: ReplicaFailure | undefined
  readonly now: Date
}

/** The status that the owned pods and the last attempt imply. Pure. */
export function replicaStatus(input: ReplicaStatusInput): ReplicaStatus {
  const { metadata, spec, status, owned, terminating, failure, now } = input
  const template = selectorFromMap(spec.template?.metadata?.labels)
  const available = owned.filter((pod) => availableInMs(pod, spec.minReadySeconds ?? 0, now) === 0)
  const conditions = failureConditions(status?.conditions ?? [], failure, now)
  return {
    replicas: owned.length,
    fullyLabeledReplicas: owned.filter((pod) => template.matches(pod.metadata.labels)).length,
    readyReplicas: owned.filter(isReady).length,
    availableReplicas: available.length,
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    ...(conditions.length === 0 ? {} : { conditions: [...conditions] }),
  }
}

export function sameStatus(a: ReplicaStatus | undefined, b: ReplicaStatus): boolean {
  return a !== undefined && text(a) === text(b)
}

type Conditions = NonNullable<ReplicaStatus['conditions']>

function failureConditions(conditions: Conditions, failure: ReplicaFailure | undefined, now: Date) {
  if (failure === undefined) return withoutCondition(conditions, 'ReplicaFailure')
  const { reason, error } = failure
  const message = error instanceof Error ? error.message : String(error)
  return withCondition(conditions, { type: 'ReplicaFailure', status: 'True', reason, message }, now)
}

function text(status: ReplicaStatus): string {
  const { replicas, fullyLabeledReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status
  const { terminatingReplicas, observedGeneration = 0, conditions = [] } = status
  const said = conditions.map(({ type, status: is, reason, message }) => [type, is, reason, message])
  const counts = [replicas, fullyLabeledReplicas, readyReplicas, availableReplicas, terminatingReplicas]
  return JSON.stringify([...counts, observedGeneration, said])
}
