import {
  type CertificateSigningRequest,
  CertificateSigningRequests,
} from '../../api/kinds/certificate-signing-request.ts'
import { keyOf } from '../../api/object.ts'
import type { Clock } from '../../base/clock.ts'
import { rfc3339 } from '../../base/rfc3339.ts'
import type { Cache } from '../../client/cache.ts'
import type { Client } from '../../client/client.ts'
import { from, type Controller } from '../../client/controller.ts'
import { guardedPatch } from '../guarded-patch.ts'
import { hasCondition, isIssued, requestIn } from './requests.ts'
import { shapeProblem, signers } from './shapes.ts'
import type { CertificateSigner } from './signer.ts'

export interface SigningDeps {
  readonly client: Client
  readonly certificateSigningRequests: Cache<CertificateSigningRequest>
  readonly clock: Clock
  readonly signer: CertificateSigner
  /** As upstream's `--cluster-signing-duration`: what nobody asks to be shorter is good for that long. A year unless given. */
  readonly longestSeconds?: number
}

const yearSeconds = 365 * 24 * 3600
const ours: readonly string[] = Object.values(signers)

/** Signs what has been approved, for the signers of the cluster itself; what they never sign becomes Failed. */
export function csrSigningController(deps: SigningDeps): Controller {
  const { client, certificateSigningRequests: requests, clock, signer, longestSeconds = yearSeconds } = deps

  async function write(request: CertificateSigningRequest, status: object, signal: AbortSignal): Promise<void> {
    const target = { name: request.metadata.name, subresource: 'status' }
    await client.patch(CertificateSigningRequests, target, guardedPatch(request, { status }), { signal })
  }

  return {
    name: 'csr-signing',
    wakesOn: [from(requests, (request) => [keyOf(request)])],
    async reconcile(key, signal) {
      const request = requests.get(key)
      if (request === undefined || isIssued(request) || !ours.includes(request.spec.signerName)) return
      if (!hasCondition(request, 'Approved') || hasCondition(request, 'Denied', 'Failed')) return
      const { signerName, usages = [], expirationSeconds = longestSeconds } = request.spec
      const asked = requestIn(request)
      if (asked === undefined) return
      const problem = shapeProblem(signerName, asked, usages)
      if (problem !== undefined) {
        const now = rfc3339(clock.now())
        const failed = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: problem, lastUpdateTime: now, lastTransitionTime: now }
        return write(request, { conditions: [...(request.status?.conditions ?? []), failed] }, signal)
      }
      const { subject, names, publicKey } = asked
      const pem = await signer.sign({ subject, names, publicKey, usages, seconds: Math.min(expirationSeconds, longestSeconds) })
      await write(request, { certificate: Buffer.from(pem).toString('base64') }, signal)
    },
  }
}
