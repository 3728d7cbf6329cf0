import type { V1SubjectAccessReviewSpec } from '@kubernetes/client-node'
import { invalidObject } from '../../api/errors.ts'
import { type FieldError, invalid } from '../../api/field-error.ts'
import type { KubeObject, Wire } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'
import type { User } from '../request.ts'
import type { VirtualResource } from '../virtual-resource.ts'
import type { Attributes } from './attributes.ts'
import type { Authorizer } from './authorizer.ts'
import { reviewedAttributes } from './reviewed-attributes.ts'

type ReviewSpec = Wire<V1SubjectAccessReviewSpec>

interface AccessReview extends KubeObject {
  spec?: ReviewSpec
}

const group = 'authorization.k8s.io'

function reviewResource(kind: string, namespaced: boolean): Resource<AccessReview> {
  const singular = kind.toLowerCase()
  return { group, version: 'v1', kind, plural: `${singular}s`, singular, namespaced }
}

/** May I, `kubectl auth can-i`. */
export const selfSubjectAccessReview: VirtualResource = {
  resource: reviewResource('SelfSubjectAccessReview', false),
  schema: 'V1SelfSubjectAccessReview',
  answer({ access }, { object, user }) {
    const { spec = {} } = object as AccessReview
    check('SelfSubjectAccessReview', whatProblems(spec))
    return decide(access.authorizer, spec, user)
  },
}

/** May somebody. */
export const subjectAccessReview: VirtualResource = {
  resource: reviewResource('SubjectAccessReview', false),
  schema: 'V1SubjectAccessReview',
  answer({ access }, { object }) {
    const { spec = {} } = object as AccessReview
    check('SubjectAccessReview', [...whatProblems(spec), ...whoProblems(spec)])
    return decide(access.authorizer, spec, userIn(spec))
  },
}

/** May somebody, in this namespace: for those who may not ask about others. */
export const localSubjectAccessReview: VirtualResource = {
  resource: reviewResource('LocalSubjectAccessReview', true),
  schema: 'V1LocalSubjectAccessReview',
  answer({ access }, { object, namespace }) {
    const { spec = {} } = object as AccessReview
    const errors = [...whatProblems(spec), ...whoProblems(spec), ...whereProblems(spec, namespace)]
    check('LocalSubjectAccessReview', errors)
    return decide(access.authorizer, spec, userIn(spec))
  },
}

function decide(authorizer: Authorizer, spec: ReviewSpec, user: User) {
  const attributes: Attributes = reviewedAttributes(spec, user)
  const { allowed, reason } = authorizer.authorize(attributes)
  return { allowed, ...(reason !== '' && { reason }) }
}

function userIn({ user = '', groups = [], uid, extra }: ReviewSpec): User {
  return { name: user, groups, ...(uid !== undefined && { uid }), ...(extra !== undefined && { extra }) }
}

function whatProblems({ resourceAttributes, nonResourceAttributes }: ReviewSpec): FieldError[] {
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    const problem = 'cannot be specified in combination with resourceAttributes'
    return [invalid('spec.nonResourceAttributes', nonResourceAttributes, problem)]
  }
  if (resourceAttributes !== undefined || nonResourceAttributes !== undefined) return []
  const problem = 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
  return [invalid('spec.resourceAttributes', null, problem)]
}

function whoProblems({ user = '', groups = [] }: ReviewSpec): FieldError[] {
  if (user !== '' || groups.length > 0) return []
  return [invalid('spec.user', user, 'at least one of user or group must be specified')]
}

function whereProblems({ resourceAttributes, nonResourceAttributes }: ReviewSpec, namespace = ''): FieldError[] {
  if (nonResourceAttributes !== undefined) {
    return [invalid('spec.nonResourceAttributes', nonResourceAttributes, 'disallowed on this kind of request')]
  }
  const asked = resourceAttributes?.namespace ?? ''
  if (resourceAttributes === undefined || asked === namespace) return []
  return [invalid('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace')]
}

function check(kind: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidObject({ group, kind }, '', errors)
}
