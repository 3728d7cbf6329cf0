import type { DeploymentCondition } from '../../api/kinds/deployment.ts'
import { rfc3339 } from '../../base/rfc3339.ts'
import { conditionOf, withoutCondition } from '../conditions.ts'

export type Conditions = readonly DeploymentCondition[]

export interface NewCondition {
  readonly type: 'Available' | 'Progressing' | 'ReplicaFailure'
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

/**
 * The list with one condition set, at its end; the same list if that has this status and reason already, whatever the
 * message: what was first said of it stays. As upstream's `SetDeploymentCondition`.
 */
export function withDeploymentCondition(conditions: Conditions, next: NewCondition, now: Date): Conditions {
  const present = conditionOf(conditions, next.type)
  if (present?.status === next.status && present.reason === next.reason) return conditions
  return renewed(conditions, next, now)
}

/** The same, but `lastUpdateTime` is always now: of what is said again because it has happened again. */
export function renewed(conditions: Conditions, next: NewCondition, now: Date): Conditions {
  const at = rfc3339(now)
  const present = conditionOf(conditions, next.type)
  const since = present?.status === next.status ? (present.lastTransitionTime ?? at) : at
  return [...withoutCondition(conditions, next.type), { ...next, lastUpdateTime: at, lastTransitionTime: since }]
}
