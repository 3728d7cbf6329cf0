import type { DeploymentSpec } from '../../api/kinds/deployment.ts'
import type { IntOrString } from '../../api/object.ts'

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
  const { maxSurge: surge = 0, maxUnavailable: missing = 0 } = strategy.rollingUpdate ?? {}
  const maxSurge = podsOf(surge, replicas, Math.ceil)
  const unavailable = podsOf(missing, replicas, Math.floor)
  const atLeastOne = maxSurge === 0 && unavailable === 0 ? 1 : unavailable
  return { maxSurge, maxUnavailable: Math.min(atLeastOne, replicas) }
}

function podsOf(value: IntOrString, replicas: number, round: (pods: number) => number): number {
  return typeof value === 'number' ? value : round((Number.parseInt(value, 10) * replicas) / 100)
}
