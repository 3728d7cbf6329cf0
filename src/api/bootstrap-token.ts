import type { Secret } from './kinds/secret.ts'

/**
 * Tokens for joining (https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/): `ID.SECRET`, kept as a
 * Secret of this type and namespace with the name `bootstrap-token-ID`.
 */
export const bootstrapTokenType = 'bootstrap.kubernetes.io/token'
export const bootstrapTokenNamespace = 'kube-system'

/** Every holder of a token is in the first; those of the second may join nodes. */
export const bootstrappersGroup = 'system:bootstrappers'
export const nodeJoinersGroup = `${bootstrappersGroup}:portolan:node-token`

export interface BootstrapToken {
  /** Six lower-case letters or digits; no secret. */
  readonly id: string
  /** Sixteen of them. */
  readonly secret: string
}

/** Undefined for a text that is not of the form `abcdef.0123456789abcdef`. */
export function parseBootstrapToken(text: string): BootstrapToken | undefined {
  const [, id, secret] = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(text) ?? []
  return id === undefined || secret === undefined ? undefined : { id, secret }
}

export function bootstrapTokenName(id: string): string {
  return `bootstrap-token-${id}`
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i

/** When a token ends; undefined if it never does. What is not a time of RFC 3339 is over. */
export function expirationOf(secret: Secret): Date | undefined {
  const text = entryOf(secret, 'expiration')
  if (text === '') return undefined
  const time = new Date(text)
  return rfc3339.test(text) && !Number.isNaN(time.getTime()) ? time : new Date(0)
}

/** A value of a Secret as text; '' if it is absent. */
export function entryOf({ data }: Secret, key: string): string {
  return Buffer.from(data?.[key] ?? '', 'base64').toString()
}
