import type { Deployment } from '../../api/kinds/deployment.ts'
import type { ReplicaSet } from '../../api/kinds/replica-set.ts'
import { desiredBefore, maxBefore } from './annotations.ts'
import { rolloutLimits } from './limits.ts'
import { allSets, byAge, desiredReplicas, isActive, replicasOf, sum, type Rollout } from './rollout.ts'
import { noStep, type Resize, type Step } from './step.ts'

/** Whether somebody has changed the Deployment's replicas since its ReplicaSets were resized. */
export function isScaling(rollout: Rollout): boolean {
  const desired = desiredReplicas(rollout.deployment)
  return allSets(rollout)
    .filter(isActive)
    .some((set) => (desiredBefore(set) ?? desired) !== desired)
}

/**
 * Brings the ReplicaSets to a new number of replicas without going on with the rollout: a single one that has any
 * takes all of them; several keep their proportions. As upstream's `scale`.
 */
export function scalingStep(rollout: Rollout): Step {
  const { deployment, newSet, oldSets } = rollout
  const desired = desiredReplicas(deployment)
  const single = activeOrLatest(rollout)
  // Marked also when it has that size already, or it would be taken for being scaled for ever.
  if (single !== undefined) return { resize: [{ set: single, replicas: desired }] }
  if (newSet !== undefined && isSaturated(newSet, desired)) {
    return { resize: oldSets.filter(isActive).map((set) => ({ set, replicas: 0 })) }
  }
  if (deployment.spec.strategy?.type !== 'RollingUpdate') return noStep
  return { resize: proportionalSizes(deployment, allSets(rollout).filter(isActive)) }
}

function activeOrLatest(rollout: Rollout): ReplicaSet | undefined {
  const [first, ...others] = allSets(rollout).filter(isActive)
  if (first === undefined) return rollout.newSet ?? rollout.oldSets.at(-1)
  return others.length === 0 ? first : undefined
}

function isSaturated(set: ReplicaSet, desired: number): boolean {
  const { availableReplicas = 0 } = set.status ?? {}
  return replicasOf(set) === desired && desiredBefore(set) === desired && availableReplicas === desired
}

/**
 * Shares the replicas and the surplus of a Deployment out among ReplicaSets in proportion to their sizes. The largest
 * gets what rounding leaves over; of equal ones the newer grow first and the older shrink first.
 */
export function proportionalSizes(deployment: Deployment, sets: readonly ReplicaSet[]): readonly Resize[] {
  const desired = desiredReplicas(deployment)
  const total = desired === 0 ? 0 : desired + rolloutLimits(deployment.spec).maxSurge
  const missing = total - sum(sets, replicasOf)
  const largestFirst = sets.toSorted((a, b) => replicasOf(b) - replicasOf(a) || (missing > 0 ? byAge(b, a) : byAge(a, b)))
  let left = missing
  const sizes = largestFirst.map((set) => {
    const share = shareOf(deployment, set)
    const given = left > 0 ? Math.min(share, left) : left < 0 ? Math.max(share, left) : 0
    left -= given
    return { set, replicas: replicasOf(set) + given }
  })
  return sizes.map(({ set, replicas }, at) => ({ set, replicas: at === 0 ? Math.max(0, replicas + left) : replicas }))
}

/** By how much a ReplicaSet grows or shrinks to keep its part of the whole. */
function shareOf(deployment: Deployment, set: ReplicaSet): number {
  const desired = desiredReplicas(deployment)
  const size = replicasOf(set)
  if (desired === 0) return -size
  const before = maxBefore(set) || (deployment.status?.replicas ?? 0)
  if (before === 0) return 0
  return Math.round((size * (desired + rolloutLimits(deployment.spec).maxSurge)) / before) - size
}
