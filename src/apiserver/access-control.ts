import type { Clock } from '../base/clock.ts'
import { type Authenticator, authenticator } from './authentication/authenticator.ts'
import { BootstrapTokens } from './authentication/bootstrap-tokens.ts'
import { TokenAuthenticator } from './authentication/token-authenticator.ts'
import { type TokenHolders, tokenHolders } from './authentication/token-holders.ts'
import { type TokenKeys, tokenKeys } from './authentication/token-keys.ts'
import { type Access, followAccess } from './authorization/access.ts'
import type { ObjectStore } from './objects.ts'

/** Who asks, and what he may do. */
export interface AccessControl extends Access {
  readonly authenticator: Authenticator
  readonly tokens: ServiceAccountTokens
}

/** What tokens of ServiceAccounts are made with, and by what tokens are known. */
export interface ServiceAccountTokens {
  readonly keys: TokenKeys
  readonly issuer: string
  /** Whom a token is meant for that names nobody: this server. */
  readonly audiences: readonly string[]
  /** Of these and of tokens for joining. */
  readonly holders: TokenHolders
}

export interface AccessControlOptions {
  readonly objects: ObjectStore
  readonly clock: Clock
  /** P-256 private key in PKCS#8, PEM. Tokens outlive the process, so it must stay the same. */
  readonly signingKey: string
  /** `https://kubernetes.default.svc.cluster.local` */
  readonly issuer: string
}

/** Follows what is stored until the signal aborts. Resolves when it can decide. */
export async function accessControl(
  { objects, clock, signingKey, issuer }: AccessControlOptions,
  signal: AbortSignal,
): Promise<AccessControl> {
  const [access, keys] = await Promise.all([followAccess(objects, signal), tokenKeys(signingKey)])
  const audiences = [issuer]
  const accounts = new TokenAuthenticator({ keys, issuer, objects, clock })
  const holders = tokenHolders(accounts, new BootstrapTokens({ objects, clock }), audiences)
  return {
    ...access,
    authenticator: authenticator(holders, audiences),
    tokens: { keys, issuer, audiences, holders },
  }
}
