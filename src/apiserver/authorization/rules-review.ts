import type { V1SelfSubjectRulesReviewSpec } from '@kubernetes/client-node'
import { badRequest } from '../../api/errors.ts'
import type { KubeObject, Wire } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'
import type { VirtualResource } from '../virtual-resource.ts'
import { joined } from './rbac.ts'

interface RulesReview extends KubeObject {
  spec?: Wire<V1SelfSubjectRulesReviewSpec>
}

const SelfSubjectRulesReviews: Resource<RulesReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  singular: 'selfsubjectrulesreview',
  namespaced: false,
}

/** What may I, `kubectl auth can-i --list`. */
export const selfSubjectRulesReview: VirtualResource = {
  resource: SelfSubjectRulesReviews,
  schema: 'V1SelfSubjectRulesReview',
  answer({ access }, { object, user }) {
    const { namespace = '' } = (object as RulesReview).spec ?? {}
    if (namespace === '') throw badRequest('no namespace on request')
    const { rules, problems } = access.authorizer.rulesFor(user, namespace)
    const onPaths = rules.filter(({ nonResourceURLs = [] }) => nonResourceURLs.length > 0)
    return {
      resourceRules: rules
        .filter(({ resources = [] }) => resources.length > 0)
        .map(({ verbs, apiGroups, resources, resourceNames }) => ({ verbs, apiGroups, resources, resourceNames })),
      nonResourceRules: onPaths.map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
      incomplete: problems.length > 0,
      ...(problems.length > 0 && { evaluationError: joined(problems) }),
    }
  },
}
