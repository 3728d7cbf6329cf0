import {
  type CertificateSigningRequest,
  type CertificateSigningRequestCondition,
  CertificateSigningRequests,
} from '../../api/kinds/certificate-signing-request.ts'
import { validateConditions, validateStatusUpdate } from '../../api/kinds/csr/validate-status.ts'
import { groupResource } from '../../api/resource.ts'
import { rfc3339 } from '../../base/rfc3339.ts'
import { copyOf } from '../copy.ts'
import { get } from '../verbs/get.ts'
import { patch } from '../verbs/patch.ts'
import { update, type WriteScope } from '../verbs/update.ts'
import type { Subresource } from './subresource.ts'

/** `certificatesigningrequests/NAME/approval`: the conditions, Approved and Denied among them, and nothing else. */
export const approvalSubresource: Subresource = {
  name: 'approval',
  kind: '',
  verbs: ['get', 'patch', 'update'],
  appliesTo: ({ kind }) => groupResource(kind.resource) === groupResource(CertificateSigningRequests),
  serve: (context, request, verb) => {
    if (verb === 'get') return get(context, request)
    const scope = approvalScope(rfc3339(context.clock.now()))
    return verb === 'patch' ? patch(context, request, scope) : update(context, request, scope)
  },
}

/** Conditions that come without times get the present one. */
function approvalScope(now: string): WriteScope {
  return {
    subresource: 'approval',
    merge(_, next, previous) {
      const merged = copyOf(previous) as CertificateSigningRequest
      const before = merged.status?.conditions ?? []
      const asked = (next as CertificateSigningRequest).status?.conditions
      merged.status = { ...merged.status, ...(asked === undefined ? {} : { conditions: asked.map((each) => timed(each, before, now)) }) }
      if (asked === undefined) delete merged.status.conditions
      return merged
    },
    validate: (_, next, previous) => {
      const { status } = next as CertificateSigningRequest
      const { status: before } = previous as CertificateSigningRequest
      return [...validateConditions(status), ...validateStatusUpdate(status ?? {}, before ?? {}, 'approval')]
    },
  }
}

function timed(
  condition: CertificateSigningRequestCondition,
  before: readonly CertificateSigningRequestCondition[],
  now: string,
): CertificateSigningRequestCondition {
  const known = before.find(({ type }) => type === condition.type)
  const unchanged = known?.status === condition.status ? known.lastTransitionTime : undefined
  return {
    ...condition,
    lastUpdateTime: condition.lastUpdateTime ?? now,
    lastTransitionTime: condition.lastTransitionTime ?? unchanged ?? now,
  }
}
