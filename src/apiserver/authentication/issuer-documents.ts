import type { ApiContext } from '../context.ts'
import type { ApiResponse } from '../request.ts'

/** Where others learn how to verify tokens (OpenID Connect Discovery 1.0 §4). */
const discoveryPath = '/.well-known/openid-configuration'
const keySetPath = '/openid/v1/jwks'

export const issuerPaths: readonly string[] = [discoveryPath, keySetPath]

/** Who issues tokens, and where his keys are. */
export function issuerConfiguration({ access, address }: ApiContext): ApiResponse {
  const { issuer, keys } = access.tokens
  const configuration = {
    issuer,
    jwks_uri: `https://${address}${keySetPath}`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [keys.jwk.alg],
  }
  return { status: 200, contentType: 'application/json', body: JSON.stringify(configuration) }
}

/** The keys that tokens are signed with (RFC 7517). */
export function keySet({ access }: ApiContext): ApiResponse {
  const body = JSON.stringify({ keys: [access.tokens.keys.jwk] })
  return { status: 200, contentType: 'application/jwk-set+json', body }
}
