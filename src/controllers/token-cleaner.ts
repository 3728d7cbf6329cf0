import { bootstrapTokenNamespace, bootstrapTokenType, expirationOf } from '../api/bootstrap-token.ts'
import { isStatus } from '../api/errors.ts'
import { type Secret, Secrets } from '../api/kinds/secret.ts'
import { keyOf } from '../api/object.ts'
import type { Clock } from '../base/clock.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import { from, type Controller } from '../client/controller.ts'
import { comeAgain } from './come-again.ts'

export interface TokenCleanerDeps {
  readonly client: Client
  readonly secrets: Cache<Secret>
  readonly clock: Clock
}

const dayMs = 24 * 3_600_000

/** Deletes tokens for joining whose time is over; the server has ceased to accept them by then. */
export function tokenCleanerController({ client, secrets, clock }: TokenCleanerDeps): Controller {
  return {
    name: 'token-cleaner',
    wakesOn: [from(secrets, (secret) => (isToken(secret) ? [keyOf(secret)] : []))],
    async reconcile(key, signal) {
      const secret = secrets.get(key)
      const end = secret === undefined ? undefined : expirationOf(secret)
      if (secret === undefined || !isToken(secret) || end === undefined) return
      const leftMs = end.getTime() - clock.now().getTime()
      // A timer holds no more than 24 days.
      if (leftMs > 0) return comeAgain([Math.min(leftMs, dayMs)])
      const { namespace, name, uid } = secret.metadata
      try {
        await client.delete(Secrets, { namespace, name }, { uid, signal })
      } catch (error) {
        if (!isStatus(error, 'NotFound') && !isStatus(error, 'Conflict')) throw error
      }
    },
  }
}

function isToken({ type, metadata }: Secret): boolean {
  return type === bootstrapTokenType && metadata.namespace === bootstrapTokenNamespace
}
