import type { Resource } from '../../api/resource.ts'
import type { User } from '../request.ts'
import type { VirtualResource } from '../virtual-resource.ts'

const SelfSubjectReviews: Resource = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  singular: 'selfsubjectreview',
  namespaced: false,
}

/** Who am I, `kubectl auth whoami`. */
export const selfSubjectReview: VirtualResource = {
  resource: SelfSubjectReviews,
  schema: 'V1SelfSubjectReview',
  answer: (_, { user }) => ({ userInfo: userInfo(user) }),
}

/** The same under the version that kubectl 1.27 asks for. */
export const betaSelfSubjectReview: VirtualResource = {
  ...selfSubjectReview,
  resource: { ...SelfSubjectReviews, version: 'v1beta1' },
}

/** authentication/v1 `UserInfo`. */
export function userInfo({ name, uid, groups, extra }: User) {
  return { username: name, ...(uid !== undefined && { uid }), groups, ...(extra !== undefined && { extra }) }
}
