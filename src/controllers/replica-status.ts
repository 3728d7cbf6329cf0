import type { Pod, PodTemplateSpec } from '../api/kinds/pod.ts'
import type { ReplicationControllerStatus } from '../api/kinds/replication-controller.ts'
import type { ObjectMeta } from '../api/object.ts'
import { selectorFromMap } from '../api/selectors.ts'
import { withCondition, withoutCondition } from './conditions.ts'
import type { ReplicaFailure } from './pod-control.ts'
import { availableInMs, isReady } from './pod-status.ts'

export interface ReplicaStatusInput {
  readonly metadata: Pick<ObjectMeta, 'generation'>
  readonly spec: { readonly template?: PodTemplateSpec; readonly minReadySeconds?: number }
  readonly status?: ReplicationControllerStatus
  readonly owned: readonly Pod[]
  readonly failure: ReplicaFailure | undefined
  readonly now: Date
}

/** The status that the owned pods and the last attempt imply. Pure. */
export function replicaStatus({ metadata, spec, status, owned, failure, now }: ReplicaStatusInput) {
  const template = selectorFromMap(spec.template?.metadata?.labels)
  const available = owned.filter((pod) => availableInMs(pod, spec.minReadySeconds ?? 0, now) === 0)
  const conditions = failureConditions(status?.conditions ?? [], failure, now)
  const next: ReplicationControllerStatus = {
    replicas: owned.length,
    fullyLabeledReplicas: owned.filter((pod) => template.matches(pod.metadata.labels)).length,
    readyReplicas: owned.filter(isReady).length,
    availableReplicas: available.length,
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    ...(conditions.length === 0 ? {} : { conditions: [...conditions] }),
  }
  return next
}

export function sameStatus(a: ReplicationControllerStatus | undefined, b: ReplicationControllerStatus): boolean {
  return a !== undefined && text(a) === text(b)
}

type Conditions = NonNullable<ReplicationControllerStatus['conditions']>

function failureConditions(conditions: Conditions, failure: ReplicaFailure | undefined, now: Date) {
  if (failure === undefined) return withoutCondition(conditions, 'ReplicaFailure')
  const { reason, error } = failure
  const message = error instanceof Error ? error.message : String(error)
  return withCondition(conditions, { type: 'ReplicaFailure', status: 'True', reason, message }, now)
}

function text(status: ReplicationControllerStatus): string {
  const { replicas, fullyLabeledReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status
  const { observedGeneration = 0, conditions = [] } = status
  const said = conditions.map(({ type, status: is, reason, message }) => [type, is, reason, message])
  return JSON.stringify([replicas, fullyLabeledReplicas, readyReplicas, availableReplicas, observedGeneration, said])
}
