import type { ReplicaSet } from '../../api/kinds/replica-set.ts'
import { rolloutLimits } from './limits.ts'
import {
  allSets,
  availableIn,
  desiredReplicas,
  isActive,
  occupiedBy,
  replicasOf,
  sum,
  type Rollout,
} from './rollout.ts'
import { noStep, type Resize, type Step } from './step.ts'

/**
 * The next step of a rolling update: first towards more new pods as far as there is room for them, then towards fewer
 * old ones as far as enough others are available. As upstream's `rolloutRolling`, and stricter where its counts lag:
 * pods that are still to be deleted take room, and ones that will be deleted do not count as available. So no step
 * leads beyond the limits. Needs ReplicaSets that are all observed.
 */
export function rollingUpdateStep(rollout: Rollout): Step {
  const { deployment, newSet } = rollout
  const size = newSize(rollout)
  if (newSet === undefined) return { create: size, resize: [] }
  if (size !== replicasOf(newSet)) return { resize: [{ set: newSet, replicas: size }] }
  const budget = mayGo(rollout)
  if (budget <= 0) return noStep
  const desired = desiredReplicas(deployment)
  const { maxUnavailable } = rolloutLimits(deployment.spec)
  const active = rollout.oldSets.filter(isActive).map((set) => ({ set, replicas: replicasOf(set) }))
  const healthy = withoutUnavailable(active, budget)
  const spare = availableIn(newSet) + sum(healthy, available) - (desired - maxUnavailable)
  const resized = takeFrom(healthy, spare, ({ replicas }) => replicas)
  return { resize: resized.filter(({ set, replicas }) => replicas !== replicasOf(set)) }
}

function newSize(rollout: Rollout): number {
  const { deployment, newSet } = rollout
  const desired = desiredReplicas(deployment)
  const present = newSet === undefined ? 0 : replicasOf(newSet)
  if (present >= desired) return desired
  const room = desired + rolloutLimits(deployment.spec).maxSurge - sum(allSets(rollout), occupiedBy)
  return present + Math.max(0, Math.min(room, desired - present))
}

/**
 * Old replicas that may go at most: what is there beyond the minimum. New pods that are not available must not make up
 * for old ones.
 */
function mayGo(rollout: Rollout): number {
  const { deployment, newSet } = rollout
  const { maxUnavailable } = rolloutLimits(deployment.spec)
  const unavailable = newSet === undefined ? 0 : replicasOf(newSet) - availableIn(newSet)
  return sum(allSets(rollout), replicasOf) - (desiredReplicas(deployment) - maxUnavailable) - unavailable
}

/** Old pods that do not work go first: waiting for them would wait for ever. */
function withoutUnavailable(sizes: readonly Resize[], budget: number): readonly Resize[] {
  return takeFrom(sizes, budget, ({ set, replicas }) => replicas - availableIn(set))
}

/** Takes so many replicas away, from the oldest ReplicaSet first, of each as many as it has to give. */
function takeFrom(sizes: readonly Resize[], count: number, toGive: (size: Resize) => number): readonly Resize[] {
  let left = Math.max(0, count)
  return sizes.map((size) => {
    const taken = Math.min(left, toGive(size))
    left -= taken
    return { set: size.set, replicas: size.replicas - taken }
  })
}

function available({ set, replicas }: { set: ReplicaSet; replicas: number }): number {
  return availableIn(set, replicas)
}
