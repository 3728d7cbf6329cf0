import { betaSelfSubjectReview, selfSubjectReview } from './authentication/self-subject-review.ts'
import { tokenReview } from './authentication/token-review.ts'
import {
  localSubjectAccessReview,
  selfSubjectAccessReview,
  subjectAccessReview,
} from './authorization/access-reviews.ts'
import { selfSubjectRulesReview } from './authorization/rules-review.ts'
import type { ResourcePath } from './request-info.ts'
import type { VirtualResource } from './virtual-resource.ts'

/** Every kind that answers without being stored. Discovery lists them after the stored ones. */
export const virtualResources: readonly VirtualResource[] = [
  selfSubjectReview,
  tokenReview,
  betaSelfSubjectReview,
  localSubjectAccessReview,
  selfSubjectAccessReview,
  selfSubjectRulesReview,
  subjectAccessReview,
]

export function findVirtualResource({ group, version, plural }: ResourcePath): VirtualResource | undefined {
  return virtualResources.find(
    ({ resource }) => resource.plural === plural && resource.group === group && resource.version === version,
  )
}
