import {
  type CertificateSigningRequest,
  CertificateSigningRequests,
} from '../../api/kinds/certificate-signing-request.ts'
import { type Node, Nodes } from '../../api/kinds/node.ts'
import { keyOf } from '../../api/object.ts'
import type { Clock } from '../../base/clock.ts'
import { rfc3339 } from '../../base/rfc3339.ts'
import type { Cache } from '../../client/cache.ts'
import type { Client } from '../../client/client.ts'
import { from, type Controller } from '../../client/controller.ts'
import { guardedPatch } from '../guarded-patch.ts'
import { hasCondition, isIssued, requestIn } from './requests.ts'
import { verdictOn, type Circumstances } from './verdict.ts'

export interface ApprovalDeps extends Pick<Circumstances, 'isReserved' | 'isForeign'> {
  readonly client: Client
  readonly certificateSigningRequests: Cache<CertificateSigningRequest>
  readonly clock: Clock
  /** Whether who made the request may `create` this subresource of `certificatesigningrequests`. */
  mayCreate(request: CertificateSigningRequest, subresource: string, signal: AbortSignal): Promise<boolean>
}

/** Approves what nodes and those that join ask for themselves, and denies what they ask beyond that, saying why. */
export function csrApprovalController(deps: ApprovalDeps): Controller {
  const { client, certificateSigningRequests: requests, clock, mayCreate, isReserved, isForeign } = deps

  async function decide(request: CertificateSigningRequest, condition: Condition, signal: AbortSignal): Promise<void> {
    const now = rfc3339(clock.now())
    const conditions = [...(request.status?.conditions ?? []), { ...condition, status: 'True', lastUpdateTime: now, lastTransitionTime: now }]
    const target = { name: request.metadata.name, subresource: 'approval' }
    await client.patch(CertificateSigningRequests, target, guardedPatch(request, { status: { conditions } }), { signal })
  }

  return {
    name: 'csr-approval',
    wakesOn: [from(requests, (request) => [keyOf(request)])],
    async reconcile(key, signal) {
      const request = requests.get(key)
      if (request === undefined || isIssued(request) || hasCondition(request, 'Approved', 'Denied', 'Failed')) return
      const asked = requestIn(request)
      if (asked === undefined) return
      // Asked for anew: a node that asks has only just been made.
      const nodes: readonly Node[] = (await client.list(Nodes, { signal })).items
      const verdict = verdictOn(request, asked, { nodes, isReserved, isForeign })
      switch (verdict.kind) {
        case 'leave':
          return
        case 'deny':
          return decide(request, { type: 'Denied', reason: 'AutoDenied', message: verdict.why }, signal)
        case 'allow': {
          const may = await mayCreate(request, verdict.permission, signal)
          const message = may
            ? `Auto approved: ${verdict.what}`
            : `${request.spec.username ?? ''} may not create certificatesigningrequests/${verdict.permission}: its token or role is for something else`
          return decide(request, may ? { type: 'Approved', reason: 'AutoApproved', message } : { type: 'Denied', reason: 'AutoDenied', message }, signal)
        }
        default:
          return verdict satisfies never
      }
    },
  }
}

interface Condition {
  readonly type: 'Approved' | 'Denied'
  readonly reason: string
  readonly message: string
}
