import type { Deployment, DeploymentSpec, DeploymentStatus } from '../../api/kinds/deployment.ts'
import type { ReplicaSet } from '../../api/kinds/replica-set.ts'
import { conditionOf, withoutCondition } from '../conditions.ts'
import { renewed, withDeploymentCondition, type Conditions } from './conditions.ts'
import { desiredReplicas, type Rollout } from './rollout.ts'

const type = 'Progressing'
/** A deadline that means none. */
const never = 2 ** 31 - 1

const complete = 'NewReplicaSetAvailable'
const timedOut = 'ProgressDeadlineExceeded'
const paused = 'DeploymentPaused'

/** What has come of creating the ReplicaSet of the present template in this turn. */
export type Creation = { readonly outcome: 'created'; readonly set: ReplicaSet } | FailedCreation

export interface FailedCreation {
  readonly outcome: 'failed'
  /** The name that it should have had. */
  readonly name: string
  readonly error: Error
}

/** The deadline in milliseconds; undefined if progress is not judged. */
function deadlineMs({ progressDeadlineSeconds: seconds = never }: DeploymentSpec): number | undefined {
  return seconds === never ? undefined : seconds * 1000
}

/**
 * The conditions after what has been done: paused or resumed, a ReplicaSet created or found. A lack of progress that has
 * been reported is not taken back by pausing.
 */
export function withDeeds(
  conditions: Conditions,
  { deployment, newSet }: Rollout,
  { creation, now }: { creation?: Creation | undefined; now: Date },
): Conditions {
  if (deadlineMs(deployment.spec) === undefined) return withoutCondition(conditions, type)
  const switched = withPause(conditions, deployment, now)
  switch (creation?.outcome) {
    case 'created': {
      const message = `Created new replica set "${creation.set.metadata.name}"`
      return withDeploymentCondition(switched, { type, status: 'True', reason: 'NewReplicaSetCreated', message }, now)
    }
    case 'failed':
      return withDeploymentCondition(switched, creationFailure(creation), now)
    case undefined: {
      if (newSet === undefined || conditionOf(switched, type) !== undefined) return switched
      const message = `Found new replica set "${newSet.metadata.name}"`
      return withDeploymentCondition(switched, { type, status: 'True', reason: 'FoundNewReplicaSet', message }, now)
    }
    default:
      return creation satisfies never
  }
}

export function creationFailure({ name, error }: FailedCreation) {
  const message = `Failed to create new replica set "${name}": ${error.message}`
  return { type, status: 'False', reason: 'ReplicaSetCreateError', message } as const
}

function withPause(conditions: Conditions, { metadata, spec }: Deployment, now: Date): Conditions {
  if (metadata.deletionTimestamp !== undefined) return conditions
  const reason = conditionOf(conditions, type)?.reason
  if (reason === timedOut || (spec.paused === true) === (reason === paused)) return conditions
  const next =
    spec.paused === true
      ? { reason: paused, message: 'Deployment is paused' }
      : { reason: 'DeploymentResumed', message: 'Deployment is resumed' }
  return withDeploymentCondition(conditions, { type, status: 'Unknown', ...next }, now)
}

/**
 * The conditions after judging the progress of a rollout by its counts: complete, going on, or at a standstill for longer
 * than its deadline. As upstream's `syncRolloutStatus`; what has been complete stays so while all pods are new.
 */
export function withProgress(
  conditions: Conditions,
  { deployment, newSet }: Rollout,
  { counts, now }: { counts: DeploymentStatus; now: Date },
): Conditions {
  const present = conditionOf(conditions, type)
  const allNew = (counts.replicas ?? 0) === (counts.updatedReplicas ?? 0)
  if (deadlineMs(deployment.spec) === undefined || (allNew && present?.reason === complete)) return conditions
  const { name } = deployment.metadata
  const what = newSet === undefined ? `Deployment "${name}"` : `ReplicaSet "${newSet.metadata.name}"`
  if (isComplete(deployment, counts)) {
    const message = `${what} has successfully progressed.`
    return withDeploymentCondition(conditions, { type, status: 'True', reason: complete, message }, now)
  }
  if (isProgressing(deployment.status ?? {}, counts)) {
    const message = `${what} is progressing.`
    return renewed(conditions, { type, status: 'True', reason: 'ReplicaSetUpdated', message }, now)
  }
  if (!isLate(deployment, conditions, now)) return conditions
  const message = `${what} has timed out progressing.`
  return withDeploymentCondition(conditions, { type, status: 'False', reason: timedOut, message }, now)
}

/** Whether all pods are new and available. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const desired = desiredReplicas(deployment)
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = status
  return [updatedReplicas, replicas, availableReplicas].every((count) => count === desired)
}

function isProgressing(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const grows = (['updatedReplicas', 'readyReplicas', 'availableReplicas'] as const).some(
    (count) => (after[count] ?? 0) > (before[count] ?? 0),
  )
  return grows || oldReplicas(after) < oldReplicas(before)
}

function oldReplicas({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus): number {
  return replicas - updatedReplicas
}

function isLate(deployment: Deployment, conditions: Conditions, now: Date): boolean {
  const leftMs = standstillInMs(deployment, conditions, now)
  return leftMs !== undefined && leftMs < 0
}

/** Milliseconds until the last progress is longer ago than the deadline; undefined if nothing is waited for. */
export function standstillInMs({ spec }: Deployment, conditions: Conditions, now: Date): number | undefined {
  const deadline = deadlineMs(spec)
  const { reason, lastUpdateTime } = conditionOf(conditions, type) ?? {}
  const sinceMs = Date.parse(lastUpdateTime ?? '')
  if (deadline === undefined || Number.isNaN(sinceMs)) return undefined
  if (reason === complete || reason === timedOut || reason === paused) return undefined
  return sinceMs + deadline - now.getTime()
}
