import type { PolicyRule } from '../../api/kinds/rbac/policy-rule.ts'
import type { User } from '../request.ts'
import type { Attributes } from './attributes.ts'

/** Says who may do what. Asked for every request, so it answers from memory. */
export interface Authorizer {
  authorize(attributes: Attributes): Decision
  /** All that the user may do in the namespace ('' for none), as far as it can be listed. */
  rulesFor(user: User, namespace: string): Resolution
}

export interface Decision {
  readonly allowed: boolean
  /** Why, for who asks; may be ''. */
  readonly reason: string
}

export interface Resolution {
  readonly rules: readonly PolicyRule[]
  /** What kept the list from being complete. */
  readonly problems: readonly string[]
}

/** Members may do everything, whatever roles there are: the way back in for who has locked himself out. */
const privilegedGroup = 'system:masters'

/** Allows what any of the authorizers allows; a refusal has the reasons of all. */
export function anyOf(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(attributes) {
      const reasons: string[] = []
      for (const authorizer of authorizers) {
        const decision = authorizer.authorize(attributes)
        if (decision.allowed) return decision
        if (decision.reason !== '') reasons.push(decision.reason)
      }
      return { allowed: false, reason: reasons.join('\n') }
    },
    rulesFor(user, namespace) {
      const resolutions = authorizers.map((authorizer) => authorizer.rulesFor(user, namespace))
      return {
        rules: resolutions.flatMap(({ rules }) => rules),
        problems: resolutions.flatMap(({ problems }) => problems),
      }
    },
  }
}

/** Allows administrators everything; what else they may is for the roles to list. */
export const privileged: Authorizer = {
  authorize: ({ user }) => ({ allowed: isPrivileged(user), reason: '' }),
  rulesFor: () => ({ rules: [], problems: [] }),
}

export function isPrivileged(user: User): boolean {
  return user.groups.includes(privilegedGroup)
}
