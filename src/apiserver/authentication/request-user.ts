import type { IncomingHttpHeaders } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { AccessControl } from '../access-control.ts'
import type { User } from '../request.ts'
import { certificateUser } from './client-certificate.ts'
import { effectiveUser } from './impersonation.ts'

export interface IncomingCall {
  readonly socket: TLSSocket
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  /** When it came. */
  readonly now: Date
}

/** The user as whom a request is to be treated. Throws 401 and, where it may not be treated as whom it asks, 403. */
export async function requestUser(
  { authenticator, authorizer }: Pick<AccessControl, 'authenticator' | 'authorizer'>,
  { socket, headers, rawHeaders, now }: IncomingCall,
): Promise<User> {
  const shown = {
    certificateUser: certificateUser(socket, now),
    authorization: headers.authorization ?? '',
    webSocketProtocols: headers['sec-websocket-protocol'] ?? '',
  }
  return effectiveUser(await authenticator.authenticate(shown), rawHeaders, authorizer)
}
