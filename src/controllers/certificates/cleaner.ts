import { X509Certificate } from 'node:crypto'
import { isStatus } from '../../api/errors.ts'
import {
  type CertificateSigningRequest,
  CertificateSigningRequests,
} from '../../api/kinds/certificate-signing-request.ts'
import { keyOf } from '../../api/object.ts'
import type { Clock } from '../../base/clock.ts'
import type { Cache } from '../../client/cache.ts'
import type { Client } from '../../client/client.ts'
import { from, type Controller } from '../../client/controller.ts'
import { comeAgain } from '../come-again.ts'

export interface CleanerDeps {
  readonly client: Client
  readonly certificateSigningRequests: Cache<CertificateSigningRequest>
  readonly clock: Clock
}

const hourMs = 3_600_000
/** What is decided is fetched within the hour, what is not is forgotten after a day: as upstream, which keeps, though, what is approved and not signed. */
const decidedMs = hourMs
const pendingMs = 24 * hourMs

/** Deletes requests that nobody will look at any more. */
export function csrCleanerController({ client, certificateSigningRequests: requests, clock }: CleanerDeps): Controller {
  return {
    name: 'csr-cleaner',
    wakesOn: [from(requests, (request) => [keyOf(request)])],
    async reconcile(key, signal) {
      const request = requests.get(key)
      if (request === undefined) return
      const leftMs = endOf(request) - clock.now().getTime()
      // A timer holds no more than 24 days, and whoever approves says when that was.
      if (leftMs > 0) return comeAgain([Math.min(leftMs, pendingMs)])
      const { name, uid } = request.metadata
      try {
        await client.delete(CertificateSigningRequests, { name }, { uid, signal })
      } catch (error) {
        if (!isStatus(error, 'NotFound') && !isStatus(error, 'Conflict')) throw error
      }
    },
  }
}

/** In milliseconds since the epoch. */
function endOf({ metadata, status }: CertificateSigningRequest): number {
  const decided = (status?.conditions ?? [])
    .filter(({ type }) => ['Approved', 'Denied', 'Failed'].includes(type))
    .map(({ lastUpdateTime = metadata.creationTimestamp }) => Date.parse(lastUpdateTime))
  const forgotten = decided.length === 0 ? Date.parse(metadata.creationTimestamp) + pendingMs : Math.max(...decided) + decidedMs
  return Math.min(forgotten, expiryOf(status?.certificate))
}

function expiryOf(certificate: string | undefined): number {
  if (certificate === undefined || certificate === '') return Infinity
  return new X509Certificate(Buffer.from(certificate, 'base64')).validToDate.getTime()
}
