import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import type { CertificateRequest } from './pki.ts'

export interface Pair {
  readonly cert: string
  readonly key: string
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const { subtle } = webcrypto
/** Clocks of machines that join may be a little behind. */
const backdateMs = 3_600_000

x509.cryptoProvider.set(webcrypto as unknown as Crypto)

/** A new self-signed certificate authority. */
export async function authorityFor(commonName: string, years: number): Promise<Pair> {
  const keys = await subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }],
    ...validity(years),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: certificate.toString('pem'), key: await exportKey(keys.privateKey) }
}

/** A certificate for server and client authentication alike. */
export async function issue(authority: Pair, request: CertificateRequest, years: number): Promise<Pair> {
  const issuer = new x509.X509Certificate(authority.cert)
  const keys = await subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const names = [
    ...request.dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...request.addresses.map((value) => ({ type: 'ip' as const, value })),
  ]
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [...request.organizations.map((name) => ({ O: [name] })), { CN: [request.commonName] }],
    issuer: issuer.subject,
    ...validity(years),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  })
  return { cert: certificate.toString('pem'), key: await exportKey(keys.privateKey) }
}

export interface SignedOrder {
  /** By OID, in order. */
  readonly subject: readonly { readonly oid: string; readonly value: string }[]
  readonly names: { readonly [Kind in 'dns' | 'addresses' | 'emails' | 'uris']: readonly string[] }
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Buffer
  readonly usages: readonly string[]
  readonly seconds: number
}

/** A certificate, PEM, for a key that somebody else has. It never outlives the authority. */
export async function signOrder(authority: Pair, { subject, names, publicKey, usages, seconds }: SignedOrder): Promise<string> {
  const issuer = new x509.X509Certificate(authority.cert)
  const alternatives = (['dns', 'addresses', 'emails', 'uris'] as const).flatMap((kind) =>
    names[kind].map((value) => ({ type: generalNames[kind], value })),
  )
  const keyUsage = usages.includes('key encipherment') ? x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment : x509.KeyUsageFlags.digitalSignature
  const now = Date.now()
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    // As a typed string: in a bare one the library takes quotes, backslashes and a leading # for syntax.
    subject: new x509.Name(subject.map(({ oid, value }) => ({ [oid]: [{ utf8String: value }] }))),
    issuer: issuer.subject,
    notBefore: new Date(now - Math.min(longestBackdateMs, seconds * 100)),
    notAfter: new Date(Math.min(now + seconds * 1000, issuer.notAfter.getTime())),
    signingAlgorithm: algorithm,
    publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(keyUsage, true),
      new x509.ExtendedKeyUsageExtension(usages.flatMap((usage) => extendedUsages[usage] ?? [])),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(alternatives.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
    ],
  })
  return certificate.toString('pem')
}

/** A new key and a request for a certificate of it (PKCS#10), both PEM. */
export async function newRequest(
  { commonName, organizations, addresses, dnsNames }: Omit<CertificateRequest, 'file'>,
): Promise<{ readonly request: string; readonly key: string }> {
  const keys = await subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const names = [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...addresses.map((value) => ({ type: 'ip' as const, value })),
  ]
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [...organizations.map((name) => ({ O: [name] })), { CN: [commonName] }],
    keys,
    signingAlgorithm: algorithm,
    extensions: names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [],
  })
  return { request: request.toString('pem'), key: await exportKey(keys.privateKey) }
}

const generalNames = { dns: 'dns', addresses: 'ip', emails: 'email', uris: 'url' } as const

const extendedUsages: Readonly<Record<string, string>> = {
  'client auth': x509.ExtendedKeyUsage.clientAuth,
  'server auth': x509.ExtendedKeyUsage.serverAuth,
}

/** As upstream's; and of what is signed for minutes a tenth, or it would be due for renewal when it is new. */
const longestBackdateMs = 300_000

function validity(years: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now()
  return { notBefore: new Date(now - backdateMs), notAfter: new Date(now + years * 365 * 86_400_000) }
}

/** 16 random octets, the first bit clear: a positive DER integer (RFC 5280 §4.1.2.2). */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(Buffer.alloc(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  return subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), algorithm, false, ['sign'])
}
