import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

export interface RequestOptions {
  readonly dnsNames?: readonly string[]
  readonly addresses?: readonly string[]
  readonly emails?: readonly string[]
  readonly algorithm?: 'ecdsa' | 'rsa' | 'ed25519'
}

const algorithms = {
  ecdsa: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  rsa: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  ed25519: { name: 'Ed25519' },
} as const

/** A request for a certificate, PEM, whose key nobody keeps; for tests. `subject` is as in `O=system:nodes, CN=x`. */
export async function throwawayRequest(subject: string, options: RequestOptions = {}): Promise<string> {
  x509.cryptoProvider.set(webcrypto as unknown as Crypto)
  const { dnsNames = [], addresses = [], emails = [] } = options
  const algorithm = algorithms[options.algorithm ?? 'ecdsa']
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
  const names = [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...addresses.map((value) => ({ type: 'ip' as const, value })),
    ...emails.map((value) => ({ type: 'email' as const, value })),
  ]
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subject,
    keys,
    signingAlgorithm: algorithm,
    extensions: names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [],
  })
  return request.toString('pem')
}
