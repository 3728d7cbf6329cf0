import { createHash, timingSafeEqual } from 'node:crypto'
import {
  type BootstrapToken,
  bootstrappersGroup,
  bootstrapTokenName,
  bootstrapTokenNamespace,
  bootstrapTokenType,
  entryOf,
  expirationOf,
} from '../../api/bootstrap-token.ts'
import { type Secret, Secrets } from '../../api/kinds/secret.ts'
import type { Clock } from '../../base/clock.ts'
import type { ObjectStore } from '../objects.ts'
import type { User } from '../request.ts'
import { InvalidToken } from './token-keys.ts'

export interface BootstrapTokensDeps {
  readonly objects: ObjectStore
  readonly clock: Clock
}

/** Tells who holds a token for joining. */
export class BootstrapTokens {
  readonly #deps: BootstrapTokensDeps

  constructor(deps: BootstrapTokensDeps) {
    this.#deps = deps
  }

  /** `system:bootstrap:ID`. Throws `InvalidToken`, whose text does not tell whether there is such a token. */
  async holderOf(token: BootstrapToken): Promise<User> {
    const { objects, clock } = this.#deps
    const stored = await objects.get(Secrets, bootstrapTokenNamespace, bootstrapTokenName(token.id))
    const secret = stored?.object as Secret | undefined
    if (secret === undefined || !isGood(secret, token, clock.now())) throw new InvalidToken('the bootstrap token is not valid')
    return {
      name: `system:bootstrap:${token.id}`,
      groups: [bootstrappersGroup, ...extraGroups(secret), 'system:authenticated'],
    }
  }
}

function isGood(secret: Secret, token: BootstrapToken, now: Date): boolean {
  const expiration = expirationOf(secret)
  return (
    secret.type === bootstrapTokenType &&
    secret.metadata.deletionTimestamp === undefined &&
    entryOf(secret, 'token-id') === token.id &&
    isEqual(entryOf(secret, 'token-secret'), token.secret) &&
    entryOf(secret, 'usage-bootstrap-authentication') === 'true' &&
    (expiration === undefined || expiration > now)
  )
}

/** In a time that tells nothing of how much was right. */
function isEqual(a: string, b: string): boolean {
  const [first, second] = [a, b].map((text) => createHash('sha256').update(text).digest())
  return first !== undefined && second !== undefined && timingSafeEqual(first, second)
}

/** Only groups below `system:bootstrappers` are given: no token makes an administrator. */
function extraGroups(secret: Secret): readonly string[] {
  const groups = entryOf(secret, 'auth-extra-groups').split(',').filter((group) => group !== '')
  const wrong = groups.find((group) => !/^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/.test(group))
  if (wrong !== undefined) throw new InvalidToken('the bootstrap token is not valid')
  return groups
}
