import type { TLSSocket } from 'node:tls'
import { unauthorized } from '../../api/errors.ts'
import type { User } from '../request.ts'
import { extraKeys } from './credential-extra.ts'

/**
 * The user that a client certificate names: CN is the user, each O a group. Read once per connection. Undefined without a
 * certificate. Throws a 401 for a certificate that the cluster's CA has not signed or that has expired, be it meanwhile.
 */
export function certificateUser(socket: TLSSocket, now: Date): User | undefined {
  const shown = known.get(socket) ?? readCertificate(socket)
  if (shown === undefined) return undefined
  known.set(socket, shown)
  if (now.getTime() >= shown.endsAtMs) throw unauthorized()
  return shown.user
}

interface ShownCertificate {
  readonly user: User
  readonly endsAtMs: number
}

const known = new WeakMap<TLSSocket, ShownCertificate>()

function readCertificate(socket: TLSSocket): ShownCertificate | undefined {
  const certificate = socket.getPeerCertificate()
  const subject = certificate.subject as { CN?: string | string[]; O?: string | string[] } | undefined
  if (subject === undefined) return undefined
  // `authorized` is set only if the certificate was signed by the cluster's CA and is in its time.
  // Of several common names the last counts, as upstream has it.
  const name = [subject.CN ?? []].flat().at(-1)
  if (!socket.authorized || name === undefined) throw unauthorized()
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
  const user = {
    name,
    groups: [...[subject.O ?? []].flat(), 'system:authenticated'],
    extra: { [extraKeys.credentialId]: [`X509SHA256=${fingerprint}`] },
  }
  return { user, endsAtMs: Date.parse(certificate.valid_to) }
}
