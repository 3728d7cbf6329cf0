import { createHash, X509Certificate } from 'node:crypto'

/**
 * What pins a certificate authority: `sha256:` and the hash, in hex, of its public key (SubjectPublicKeyInfo in DER), as
 * kubeadm's `--discovery-token-ca-cert-hash` has it. `pem` is its certificate. Throws if that cannot be read.
 */
export function authorityHash(pem: string): string {
  const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })
  return `sha256:${createHash('sha256').update(key).digest('hex')}`
}

/** The text as `authorityHash` has it; undefined if it is no hash. */
export function parseAuthorityHash(text: string): string | undefined {
  const lower = text.toLowerCase()
  return /^sha256:[0-9a-f]{64}$/.test(lower) ? lower : undefined
}
