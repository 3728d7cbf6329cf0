import type { DeploymentStatus } from '../../api/kinds/deployment.ts'
import type { ReplicaSet, ReplicaSetStatus } from '../../api/kinds/replica-set.ts'
import { conditionOf, withoutCondition } from '../conditions.ts'
import { unlessZero } from '../unless-zero.ts'
import { withDeploymentCondition, type Conditions } from './conditions.ts'
import { rolloutLimits } from './limits.ts'
import type { Phase } from './next-step.ts'
import { withDeeds, withProgress, type Creation } from './progress.ts'
import { allSets, desiredReplicas, replicasOf, sum, type Rollout } from './rollout.ts'

/** What has been done in one turn, and the Deployment and ReplicaSets after it. */
export interface Turn {
  readonly rollout: Rollout
  /** What the Deployment was at before. */
  readonly phase: Phase
  readonly creation?: Creation
}

/** The status of a Deployment that its ReplicaSets and the last deeds imply. Pure. */
export function deploymentStatus({ rollout, phase, creation, now }: Turn & { readonly now: Date }): DeploymentStatus {
  const counts = countsOf(rollout)
  const before = rollout.deployment.status?.conditions ?? []
  const done = withDeeds(before, rollout, { creation, now })
  const available = withAvailability(done, rollout, { counts, now })
  const isJudged = phase === 'rolls' && creation?.outcome !== 'failed'
  const conditions = isJudged ? withJudgement(available, rollout, { counts, now }) : available
  return { ...counts, ...(conditions.length === 0 ? {} : { conditions: [...conditions] }) }
}

interface Judged {
  readonly counts: DeploymentStatus
  readonly now: Date
}

function withJudgement(conditions: Conditions, rollout: Rollout, judged: Judged): Conditions {
  return withFailure(withProgress(conditions, rollout, judged), rollout)
}

function countsOf(rollout: Rollout): DeploymentStatus {
  const { deployment, newSet } = rollout
  const sets = allSets(rollout)
  const count = (field: 'replicas' | 'readyReplicas' | 'availableReplicas') =>
    sum(sets, ({ status }) => status?.[field] ?? 0)
  const availableReplicas = count('availableReplicas')
  const terminatingReplicas = terminatingIn(sets)
  const { collisionCount } = deployment.status ?? {}
  return {
    ...unlessZero('observedGeneration', deployment.metadata.generation ?? 0),
    ...unlessZero('replicas', count('replicas')),
    ...unlessZero('updatedReplicas', newSet?.status?.replicas ?? 0),
    ...unlessZero('readyReplicas', count('readyReplicas')),
    ...unlessZero('availableReplicas', availableReplicas),
    ...unlessZero('unavailableReplicas', Math.max(0, sum(sets, replicasOf) - availableReplicas)),
    ...(terminatingReplicas === undefined ? {} : { terminatingReplicas }),
    ...(collisionCount === undefined ? {} : { collisionCount }),
  }
}

/** Undefined if one of the ReplicaSets does not tell. */
function terminatingIn(sets: readonly ReplicaSet[]): number | undefined {
  const seen = sets.map(({ status }) => status).filter((status) => (status?.observedGeneration ?? 0) > 0)
  const tells = (status: ReplicaSetStatus | undefined) => status?.terminatingReplicas !== undefined
  return seen.every(tells) ? sum(seen, (status) => status?.terminatingReplicas ?? 0) : undefined
}

function withAvailability(conditions: Conditions, { deployment }: Rollout, { counts, now }: Judged): Conditions {
  const minimum = desiredReplicas(deployment) - rolloutLimits(deployment.spec).maxUnavailable
  const isMet = (counts.availableReplicas ?? 0) >= minimum
  const next = isMet
    ? { status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' } as const
    : {
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      } as const
  return withDeploymentCondition(conditions, { type: 'Available', ...next }, now)
}

/** The failure of the new ReplicaSet to make its pods, or else of an old one. */
function withFailure(conditions: Conditions, { newSet, oldSets }: Rollout): Conditions {
  const failures = [newSet, ...oldSets].flatMap((set) => conditionOf(set?.status?.conditions, 'ReplicaFailure') ?? [])
  const others = withoutCondition(conditions, 'ReplicaFailure')
  const [failure] = failures
  if (failure === undefined) return others
  const present = conditionOf(conditions, 'ReplicaFailure')
  if (present?.status === failure.status && present.reason === failure.reason) return conditions
  const { lastTransitionTime: since } = failure
  return [...others, { ...failure, ...(since === undefined ? {} : { lastUpdateTime: since }) }]
}
