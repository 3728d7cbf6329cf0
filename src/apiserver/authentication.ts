import type { TLSSocket } from 'node:tls'
import type { User } from './request.ts'

export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

/** The user that a client certificate names: CN is the user, each O a group. Computed once per connection. */
export function certificateUser(socket: TLSSocket): User {
  const known = users.get(socket)
  if (known !== undefined) return known
  const user = readUser(socket)
  users.set(socket, user)
  return user
}

const users = new WeakMap<TLSSocket, User>()

function readUser(socket: TLSSocket): User {
  // `authorized` is set only if the certificate was signed by the cluster's CA and is in its time.
  if (!socket.authorized) return anonymous
  const subject = socket.getPeerCertificate().subject as { CN?: string; O?: string | string[] } | undefined
  if (subject?.CN === undefined) return anonymous
  return { name: subject.CN, groups: [...[subject.O ?? []].flat(), 'system:authenticated'] }
}
