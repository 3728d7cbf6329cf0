import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** PEM texts of a certificate and its key. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

export interface ThrowawayPki {
  readonly ca: string
  readonly server: KeyPair
  readonly client: KeyPair
  /** A further certificate of the authority, by default valid now. */
  issue(subject: string, validity?: Validity): Promise<KeyPair>
}

export interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const validNow: Validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) }
export const expired: Validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() - 30_000) }

/** A certificate authority, a server certificate for 127.0.0.1 and a client certificate, in PEM, for tests. */
export async function throwawayPki(clientSubject = 'CN=tester, O=testers'): Promise<ThrowawayPki> {
  x509.cryptoProvider.set(webcrypto as unknown as Crypto)
  const keys = await newKeys()
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=throwaway',
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    ...validNow,
  })
  const issue = async (subject: string, validity = validNow, extensions: x509.Extension[] = []) => {
    const own = await newKeys()
    const cert = await x509.X509CertificateGenerator.create({
      subject,
      issuer: authority.subject,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      extensions,
      ...validity,
    })
    return { cert: cert.toString('pem'), key: await privatePem(own.privateKey) }
  }
  const loopback = new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])
  return {
    ca: authority.toString('pem'),
    server: await issue('CN=server', validNow, [loopback]),
    client: await issue(clientSubject),
    issue: (subject, validity) => issue(subject, validity),
  }
}

function newKeys() {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}
