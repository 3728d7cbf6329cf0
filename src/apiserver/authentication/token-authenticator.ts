import { createHash } from 'node:crypto'
import { Nodes } from '../../api/kinds/node.ts'
import { Pods } from '../../api/kinds/pod.ts'
import { Secrets } from '../../api/kinds/secret.ts'
import { ServiceAccounts } from '../../api/kinds/service-account.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'
import type { Clock } from '../../base/clock.ts'
import { Lru } from '../../base/lru.ts'
import { quotedList } from '../authorization/rule-text.ts'
import type { ObjectStore } from '../objects.ts'
import type { User } from '../request.ts'
import { extraKeys } from './credential-extra.ts'
import { serviceAccountGroups, serviceAccountUser } from './service-account-user.ts'
import type { ObjectClaim, TokenClaims } from './token-claims.ts'
import { InvalidToken, leewaySeconds, type TokenKeys } from './token-keys.ts'

export interface TokenAuthenticatorDeps {
  readonly keys: TokenKeys
  readonly issuer: string
  readonly objects: ObjectStore
  readonly clock: Clock
}

export interface TokenHolder {
  readonly user: User
  /** Those of the audiences asked for that the token is meant for; at least one. */
  readonly audiences: readonly string[]
}

const cachedTokens = 1000

/** Tells whose a ServiceAccount's token is. */
export class TokenAuthenticator {
  readonly #deps: TokenAuthenticatorDeps
  /** Claims of tokens with a good signature, by the token's hash. */
  readonly #verified = new Lru<TokenClaims>(cachedTokens)

  constructor(deps: TokenAuthenticatorDeps) {
    this.#deps = deps
  }

  /**
   * The holder of a token that is meant for one of the audiences, and whose account, pod, secret and node are still the
   * ones that it was made for. Throws `InvalidToken`.
   */
  async holderOf(token: string, audiences: readonly string[]): Promise<TokenHolder> {
    const claims = await this.#claimsOf(token)
    const meant = audiences.filter((audience) => claims.aud.includes(audience))
    if (meant.length === 0) {
      const found = `token audiences ${quotedList(claims.aud)}`
      throw new InvalidToken(`${found} is invalid for the target audiences ${quotedList(audiences)}`)
    }
    await this.#checkObjects(claims)
    return { user: userOf(claims), audiences: meant }
  }

  async #claimsOf(token: string): Promise<TokenClaims> {
    const { keys, issuer, clock } = this.#deps
    const hash = createHash('sha256').update(token).digest('base64')
    const known = this.#verified.get(hash)
    const now = clock.now()
    if (known !== undefined && now.getTime() / 1000 < known.exp + leewaySeconds) return known
    this.#verified.delete(hash)
    const claims = await keys.verify(token, now)
    if (claims.iss !== issuer) throw new InvalidToken(`the token was issued by ${JSON.stringify(claims.iss)}`)
    this.#verified.set(hash, claims)
    return claims
  }

  async #checkObjects({ 'kubernetes.io': claims }: TokenClaims): Promise<void> {
    const { namespace, serviceaccount, pod, secret, node } = claims
    await this.#check(ServiceAccounts, namespace, serviceaccount)
    if (pod !== undefined) await this.#check(Pods, namespace, pod)
    if (secret !== undefined) await this.#check(Secrets, namespace, secret)
    // A pod's token outlives the Node object: it is the pod that counts.
    if (node !== undefined && pod === undefined) await this.#check(Nodes, undefined, node)
  }

  async #check(resource: Resource, namespace: string | undefined, { name, uid }: ObjectClaim): Promise<void> {
    const object = (await this.#deps.objects.get(resource, namespace, name))?.object
    if (object === undefined || this.#isLongDeleted(object)) {
      const gone = `${resource.singular} ${JSON.stringify(name)} is gone`
      throw new InvalidToken(`service account token has been invalidated: ${gone}`)
    }
    if (object.metadata.uid !== uid) {
      throw new InvalidToken(`${resource.singular} UID (${object.metadata.uid}) does not match claim (${uid})`)
    }
  }

  /** What is being deleted is as good as gone a minute after its grace period. */
  #isLongDeleted({ metadata: { deletionTimestamp } }: KubeObject): boolean {
    if (deletionTimestamp === undefined) return false
    return Date.parse(deletionTimestamp) < this.#deps.clock.now().getTime() - leewaySeconds * 1000
  }
}

function userOf({ jti, 'kubernetes.io': { namespace, serviceaccount, pod, node } }: TokenClaims): User {
  return {
    name: serviceAccountUser(namespace, serviceaccount.name),
    groups: [...serviceAccountGroups(namespace), 'system:authenticated'],
    uid: serviceaccount.uid,
    extra: {
      ...(jti !== '' && { [extraKeys.credentialId]: [`JTI=${jti}`] }),
      ...(node !== undefined && { [extraKeys.nodeName]: [node.name] }),
      ...(node !== undefined && node.uid !== '' && { [extraKeys.nodeUid]: [node.uid] }),
      ...(pod !== undefined && { [extraKeys.podName]: [pod.name], [extraKeys.podUid]: [pod.uid] }),
    },
  }
}
