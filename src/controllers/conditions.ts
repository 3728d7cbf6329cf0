import { rfc3339 } from '../base/rfc3339.ts'

/** What the conditions of all kinds have in common. */
export interface Condition {
  type: string
  status: string
  reason?: string
  message?: string
  lastTransitionTime?: string
}

export function conditionOf<C extends Condition>(conditions: readonly C[] | undefined, type: string): C | undefined {
  return conditions?.find((condition) => condition.type === type)
}

/**
 * The list with one condition set; the same list if it says that already. `lastTransitionTime` moves only with the
 * status.
 */
export function withCondition<C extends Condition>(conditions: readonly C[], next: C, now: Date): readonly C[] {
  const present = conditionOf(conditions, next.type)
  if (present === undefined) return [...conditions, { ...next, lastTransitionTime: rfc3339(now) }]
  const same =
    present.status === next.status && present.reason === next.reason && present.message === next.message
  if (same) return conditions
  const since = present.status === next.status ? present.lastTransitionTime : rfc3339(now)
  const changed = { ...next, lastTransitionTime: since ?? rfc3339(now) }
  return conditions.map((condition) => (condition === present ? changed : condition))
}

export function withoutCondition<C extends Condition>(conditions: readonly C[], type: string): readonly C[] {
  return conditions.filter((condition) => condition.type !== type)
}
