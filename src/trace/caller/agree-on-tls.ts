import { isIP, type Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { AgreedTls, ShownCertificate } from './messages.ts'

/**
 * Speaks TLS on a connection, with the name in the first message (SNI). Any certificate will do: it is looked at, not
 * relied upon. Resolves to why not if the other side does not agree.
 */
export function agreeOnTls(socket: Socket, host: string, timeoutMs: number): Promise<{ socket: TLSSocket; tls: AgreedTls } | { code: string }> {
  const start = performance.now()
  const sni = isIP(host) === 0 ? { sni: host } : {}
  return new Promise((resolve) => {
    const secured = connect({ socket, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'], ...(sni.sni === undefined ? {} : { servername: sni.sni }) })
    secured.setTimeout(timeoutMs, () => secured.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })))
    secured.on('error', ({ code, message }: NodeJS.ErrnoException) => resolve({ code: code ?? message }))
    secured.once('secureConnect', () => {
      secured.setTimeout(0)
      const tls = { ms: performance.now() - start, version: secured.getProtocol() ?? '', cipher: secured.getCipher().name, ...sni, certificate: shownBy(secured) }
      resolve({ socket: secured, tls })
    })
  })
}

function shownBy(socket: TLSSocket): ShownCertificate {
  const { subject, issuer, subjectaltname = '', valid_to, fingerprint256 } = socket.getPeerCertificate()
  return {
    subject: nameIn(subject),
    names: subjectaltname.split(', ').filter((name) => name !== '').map((name) => name.replace(/^(DNS|IP Address):/, '')),
    issuer: nameIn(issuer),
    validTo: new Date(valid_to).toISOString(),
    fingerprint: fingerprint256,
  }
}

function nameIn(parts: ReturnType<TLSSocket['getPeerCertificate']>['subject']): string {
  const [name = ''] = [parts.CN, parts.O, parts.OU].flat().filter((part) => part !== undefined)
  return name
}
