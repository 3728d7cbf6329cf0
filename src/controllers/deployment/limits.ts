import type { DeploymentSpec } from '../../api/kinds/deployment.ts'
import { countOf } from '../count-or-share.ts'

/** How far a rollout may go from the number of pods that is asked for. */
export interface RolloutLimits {
  /** Pods that may be there beyond that number. */
  readonly maxSurge: number
  /** Pods of that number that may be unavailable. */
  readonly maxUnavailable: number
}

/**
 * Shares of the replicas as numbers of pods: surplus is rounded up, what may be missing is rounded down. One pod may be
 * missing where both come to none, for else nothing could ever be replaced; no more than all may be. As upstream's
 * `ResolveFenceposts`.
 */
export function rolloutLimits({ replicas = 1, strategy = {} }: DeploymentSpec): RolloutLimits {
  if (strategy.type !== 'RollingUpdate') return { maxSurge: 0, maxUnavailable: 0 }
  const { maxSurge: surge, maxUnavailable: missing } = strategy.rollingUpdate ?? {}
  const maxSurge = countOf(surge, replicas, 'up')
  const unavailable = countOf(missing, replicas, 'down')
  const atLeastOne = maxSurge === 0 && unavailable === 0 ? 1 : unavailable
  return { maxSurge, maxUnavailable: Math.min(atLeastOne, replicas) }
}
