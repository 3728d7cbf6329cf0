import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { errors, exportJWK, importPKCS8, type JWK, jwtVerify, SignJWT } from 'jose'
import { readClaims, type TokenClaims } from './token-claims.ts'

/** Signing and verifying take about 0.1 ms, off the thread; RSA would take 1 ms to sign. */
const algorithm = 'ES256'

/** Clocks of machines may differ by this much, as upstream allows. */
export const leewaySeconds = 60

/** The key that tokens are signed with, and what others know it by. */
export interface TokenKeys {
  sign(claims: TokenClaims): Promise<string>
  /**
   * The claims of a token that was signed with the key and has not expired at `now`. Throws `InvalidToken`.
   * Whom it is meant for, and whether what it is bound to is still there, is for the caller to look at.
   */
  verify(token: string, now: Date): Promise<TokenClaims>
  /** The public part, as in a JWKS (RFC 7517). */
  readonly jwk: Readonly<JWK>
}

export class InvalidToken extends Error {
  override readonly name = 'InvalidToken'
}

/** `pem` is a P-256 private key in PKCS#8. */
export async function tokenKeys(pem: string): Promise<TokenKeys> {
  const privateKey = await importPKCS8(pem, algorithm)
  const publicKey = createPublicKey(pem)
  const kid = keyId(publicKey)
  const jwk = { use: 'sig', ...(await exportJWK(publicKey)), kid, alg: algorithm }
  return {
    jwk,
    sign: (claims) =>
      new SignJWT({ ...claims, aud: [...claims.aud] }).setProtectedHeader({ alg: algorithm, kid }).sign(privateKey),
    async verify(token, now) {
      const { payload } = await verified(token, publicKey, now)
      const claims = readClaims(payload)
      if (claims === undefined) throw new InvalidToken('the token is not one of a service account')
      return claims
    },
  }
}

async function verified(token: string, key: KeyObject, now: Date) {
  try {
    return await jwtVerify(token, key, { algorithms: [algorithm], currentDate: now, clockTolerance: leewaySeconds })
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      throw new InvalidToken('service account token has expired', { cause: error })
    }
    if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf') {
      throw new InvalidToken('service account token is not valid yet', { cause: error })
    }
    if (error instanceof errors.JOSEError) throw new InvalidToken(error.message, { cause: error })
    throw error
  }
}

/** As upstream derives it: the SHA-256 of the key in DER. */
function keyId(key: KeyObject): string {
  return createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('base64url')
}
