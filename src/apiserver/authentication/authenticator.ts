import { unauthorized } from '../../api/errors.ts'
import type { User } from '../request.ts'
import { anonymous } from './anonymous.ts'
import type { TokenHolders } from './token-holders.ts'
import { InvalidToken } from './token-keys.ts'

/** What a client shows of itself. */
export interface Credentials {
  /** Whom its certificate names, if it has one. */
  readonly certificateUser: User | undefined
  /** The `Authorization` header; '' if absent. */
  readonly authorization: string
  /** The `Sec-WebSocket-Protocol` header; '' if absent. */
  readonly webSocketProtocols: string
}

/** Tells who asks. */
export interface Authenticator {
  /** `anonymous` for who shows nothing. Throws a 401 for a token that is not good. */
  authenticate(credentials: Credentials): Promise<User>
}

/** A certificate counts before a token, as upstream's order is. */
export function authenticator(tokens: TokenHolders, audiences: readonly string[]): Authenticator {
  return {
    async authenticate({ certificateUser, authorization, webSocketProtocols }) {
      if (certificateUser !== undefined) return certificateUser
      const token = bearerToken(authorization) ?? protocolToken(webSocketProtocols)
      if (token === undefined) return anonymous
      try {
        return (await tokens.holderOf(token, audiences)).user
      } catch (error) {
        if (error instanceof InvalidToken) throw unauthorized()
        throw error
      }
    },
  }
}

/** The token of `Authorization: Bearer …` (RFC 6750 §2.1); undefined if there is none. */
export function bearerToken(authorization: string): string | undefined {
  const [scheme = '', token = ''] = authorization.trim().split(' ', 2)
  return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined
}

const tokenProtocol = 'base64url.bearer.authorization.k8s.io.'

/** The token among the protocols of a WebSocket: a browser can set no other header. As upstream takes it. */
function protocolToken(protocols: string): string | undefined {
  const offered = protocols.split(',').map((protocol) => protocol.trim())
  const named = offered.find((protocol) => protocol.startsWith(tokenProtocol))
  return named === undefined ? undefined : Buffer.from(named.slice(tokenProtocol.length), 'base64url').toString()
}
