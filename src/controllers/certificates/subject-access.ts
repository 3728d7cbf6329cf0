import type { V1SubjectAccessReviewSpec, V1SubjectAccessReviewStatus } from '@kubernetes/client-node'
import {
  type CertificateSigningRequest,
  CertificateSigningRequests,
} from '../../api/kinds/certificate-signing-request.ts'
import type { KubeObject, Wire } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'
import type { Client } from '../../client/client.ts'
import type { ApprovalDeps } from './approval.ts'

interface SubjectAccessReview extends KubeObject {
  spec: Wire<V1SubjectAccessReviewSpec>
  status?: Wire<V1SubjectAccessReviewStatus>
}

const SubjectAccessReviews: Resource<SubjectAccessReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  singular: 'subjectaccessreview',
  namespaced: false,
}

/** Asks the API, as upstream's approver does. */
export function subjectAccess(client: Client): ApprovalDeps['mayCreate'] {
  return async ({ spec }: CertificateSigningRequest, subresource, signal) => {
    const { username: user = '', uid = '', groups = [], extra = {} } = spec
    const { group, plural: resource } = CertificateSigningRequests
    const resourceAttributes = { group, resource, subresource, verb: 'create', version: '*' }
    const review = await client.create(SubjectAccessReviews, { metadata: {}, spec: { user, uid, groups, extra, resourceAttributes } }, { signal })
    return review.status?.allowed === true
  }
}
