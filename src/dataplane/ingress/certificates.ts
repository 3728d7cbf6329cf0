import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Secret } from '../../api/kinds/secret.ts'

/** What HAProxy is given: the certificate, those of its issuers, and the key, in PEM. */
export interface Certificate {
  readonly pem: string
  readonly leaf: X509Certificate
}

const pemBlock = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g
/** OpenSSL's own bound for servers, at the security level that Debian sets. */
const leastRsaBits = 2048

/**
 * The certificate in a Secret. Certificates and key are written anew from what was understood of them, so nothing else
 * of a Secret reaches HAProxy.
 */
export function certificateOf({ data = {} }: Secret): Certificate | { readonly problem: string } {
  const [certText, keyText] = ['tls.crt', 'tls.key'].map((key) => Buffer.from(data[key] ?? '', 'base64').toString())
  if (!certText) return { problem: 'it has no tls.crt' }
  if (!keyText) return { problem: 'it has no tls.key' }
  const chain = attempt(() => (certText.match(pemBlock) ?? []).map((block) => new X509Certificate(block)))
  if (chain === undefined) return { problem: 'its tls.crt is not a certificate in PEM' }
  const [leaf] = chain
  if (leaf === undefined) return { problem: 'its tls.crt has no certificate in PEM' }
  const key = attempt(() => createPrivateKey(keyText))
  if (key === undefined) return { problem: 'its tls.key is not a private key in PEM without a password' }
  if (!leaf.checkPrivateKey(key)) return { problem: 'its tls.key is not the key of its tls.crt' }
  const { modulusLength = leastRsaBits } = key.asymmetricKeyDetails ?? {}
  if (modulusLength < leastRsaBits) return { problem: `its key has ${modulusLength} bits, and ${leastRsaBits} are needed` }
  const pem = [...chain.map(String), key.export({ format: 'pem', type: 'pkcs8' })].join('')
  return { pem: `${pem.replace(/\n+/g, '\n').trimEnd()}\n`, leaf }
}

/** Hosts that a certificate is not for; clients will not accept it for them. */
export function uncovered({ leaf }: Certificate, hosts: readonly string[]): readonly string[] {
  return hosts.filter((host) => leaf.checkHost(host.replace(/^\*/, 'any'), { partialWildcards: false }) === undefined)
}

/** Undefined if it throws: OpenSSL's messages say nothing to whoever wrote the Secret. */
function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}
