/** Claims of a ServiceAccount's token, as upstream writes them (pkg/serviceaccount/claims.go). Times in Unix seconds. */
export interface TokenClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: readonly string[]
  readonly iat: number
  readonly nbf: number
  readonly exp: number
  readonly jti: string
  readonly 'kubernetes.io': KubernetesClaims
}

export interface KubernetesClaims {
  readonly namespace: string
  readonly serviceaccount: ObjectClaim
  /** At most one of pod and secret; with a pod also the node that it is bound to. */
  readonly pod?: ObjectClaim
  readonly secret?: ObjectClaim
  /** With a pod, or by itself. */
  readonly node?: ObjectClaim
  /** When a holder should have renewed the token, if that is before it expires. */
  readonly warnafter?: number
}

/** The token is good for this very object, and for no later one of its name. */
export interface ObjectClaim {
  readonly name: string
  readonly uid: string
}

/** The claims in a token's payload; undefined if it is not one of a ServiceAccount. */
export function readClaims(payload: Readonly<Record<string, unknown>>): TokenClaims | undefined {
  const { iss, sub, aud, iat, nbf, exp, jti, 'kubernetes.io': own } = payload
  const kubernetes = readKubernetes(own)
  if (kubernetes === undefined || typeof iss !== 'string' || typeof sub !== 'string') return undefined
  if (typeof iat !== 'number' || typeof nbf !== 'number' || typeof exp !== 'number') return undefined
  return {
    iss,
    sub,
    aud: [aud ?? []].flat().filter((item): item is string => typeof item === 'string'),
    iat,
    nbf,
    exp,
    jti: typeof jti === 'string' ? jti : '',
    'kubernetes.io': kubernetes,
  }
}

function readKubernetes(value: unknown): KubernetesClaims | undefined {
  if (!isRecord(value)) return undefined
  const { namespace } = value
  const serviceaccount = readObject(value['serviceaccount'])
  if (typeof namespace !== 'string' || serviceaccount === undefined) return undefined
  const pod = readObject(value['pod'])
  const secret = readObject(value['secret'])
  const node = readObject(value['node'])
  const { warnafter } = value
  return {
    namespace,
    serviceaccount,
    ...(pod !== undefined && { pod }),
    ...(secret !== undefined && { secret }),
    ...(node !== undefined && { node }),
    ...(typeof warnafter === 'number' && { warnafter }),
  }
}

function readObject(value: unknown): ObjectClaim | undefined {
  if (!isRecord(value) || typeof value['name'] !== 'string') return undefined
  return { name: value['name'], uid: typeof value['uid'] === 'string' ? value['uid'] : '' }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
