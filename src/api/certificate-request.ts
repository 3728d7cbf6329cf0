import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { DerError, derTag, itemsOf, oidOf, readDer, type DerValue } from '../base/der.ts'

/** What a request for a certificate (PKCS#10, RFC 2986) asks for. */
export interface CertificateRequest {
  /** Attributes of the subject in their order: OID and text. */
  readonly subject: readonly SubjectAttribute[]
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly names: AlternativeNames
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Buffer
}

export interface SubjectAttribute {
  readonly oid: string
  readonly value: string
}

/** The subject's alternative names (RFC 5280 §4.2.1.6). */
export interface AlternativeNames {
  readonly dns: readonly string[]
  readonly addresses: readonly string[]
  readonly emails: readonly string[]
  readonly uris: readonly string[]
}

/** A text that is no request, or whose signature does not prove that its sender has the key. */
export class CertificateRequestError extends Error {
  override readonly name = 'CertificateRequestError'
}

const commonName = '2.5.4.3'
const organization = '2.5.4.10'
const extensionRequest = '1.2.840.113549.1.9.14'
const subjectAltName = '2.5.29.17'

/** The hash of each signature algorithm; null where the algorithm has its own. */
const signatureHashes: Readonly<Record<string, string | null>> = {
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.3.101.112': null,
}

/** Reads a PEM text and checks its signature. Throws `CertificateRequestError`. */
export function parseCertificateRequest(pem: string): CertificateRequest {
  const [, body] = /-----BEGIN CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE REQUEST-----/.exec(pem) ?? []
  if (body === undefined) throw new CertificateRequestError('PEM block type must be CERTIFICATE REQUEST')
  try {
    return parse(Buffer.from(body, 'base64'))
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    throw new CertificateRequestError(`malformed certificate request: ${error.message}`, { cause: error })
  }
}

function parse(der: Buffer): CertificateRequest {
  const [info, algorithm, signature] = itemsOf(readDer(der))
  if (info === undefined || algorithm === undefined || signature === undefined) throw new DerError('a part is missing')
  const [, name, publicKey, ...attributes] = itemsOf(info)
  if (name === undefined || publicKey === undefined) throw new DerError('the subject or its key is missing')
  checkSignature(info.whole, publicKey.whole, oidOf(itemsOf(algorithm)[0]), signature)
  const subject = subjectOf(name)
  const valuesOf = (wanted: string) => subject.filter(({ oid }) => oid === wanted).map(({ value }) => value)
  return {
    subject,
    commonName: valuesOf(commonName).at(-1) ?? '',
    organizations: valuesOf(organization),
    names: alternativeNames(attributes),
    publicKey: Buffer.from(publicKey.whole),
  }
}

function checkSignature(signed: Buffer, publicKey: Buffer, algorithm: string, signature: DerValue): void {
  const hash = signatureHashes[algorithm]
  if (hash === undefined) throw new CertificateRequestError(`signature algorithm ${algorithm} is not supported: use ECDSA, RSA with SHA-256 or longer, or Ed25519`)
  // The first octet of a BIT STRING says how many bits of the last are unused.
  if (signature.tag !== derTag.bitString || signature.content[0] !== 0) throw new DerError('the signature is malformed')
  if (!isSignedBy(keyOf(publicKey), hash, signed, signature.content.subarray(1))) {
    throw new CertificateRequestError('the signature does not fit the public key')
  }
}

/** A key of another kind than the signature says cannot have made it. */
function isSignedBy(key: KeyObject, hash: string | null, signed: Buffer, signature: Buffer): boolean {
  try {
    return verify(hash, signed, key, signature)
  } catch {
    return false
  }
}

function keyOf(spki: Buffer): KeyObject {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' })
  } catch (error) {
    throw new CertificateRequestError('the public key cannot be read', { cause: error })
  }
}

function subjectOf(name: DerValue): readonly SubjectAttribute[] {
  return itemsOf(name).flatMap((relative) =>
    itemsOf(relative, derTag.set).map((attribute) => {
      const [type, value] = itemsOf(attribute)
      return { oid: oidOf(type), value: textOf(value) }
    }),
  )
}

const bmpString = 0x1e
/** UTF8String, PrintableString, T61String and IA5String: what is in use is in ASCII or in UTF-8. */
const texts = [0x0c, 0x13, 0x14, 0x16]

function textOf(value: DerValue | undefined): string {
  if (value?.tag === bmpString) {
    if (value.content.length % 2 !== 0) throw new DerError('an attribute of the subject is no text')
    return Buffer.from(value.content).swap16().toString('utf16le')
  }
  if (value === undefined || !texts.includes(value.tag)) throw new DerError('an attribute of the subject is no text')
  return value.content.toString('utf8')
}

/** The attributes are in `[0]`; the one of extensions holds a list of them. */
function alternativeNames(attributes: readonly DerValue[]): AlternativeNames {
  const extensions = attributes
    .flatMap((all) => itemsOf(all, 0xa0))
    .map((attribute) => itemsOf(attribute))
    .filter(([type]) => oidOf(type) === extensionRequest)
    .flatMap(([, values]) => (values === undefined ? [] : itemsOf(values, derTag.set)))
    .flatMap((list) => itemsOf(list))
    .map((extension) => itemsOf(extension))
  const general = extensions.filter(([type]) => oidOf(type) === subjectAltName).flatMap((extension) => {
    const value = extension.at(-1)
    return value?.tag === derTag.octetString ? itemsOf(readDer(value.content)) : []
  })
  const tagged = (tag: number) => general.filter((name) => name.tag === tag).map(({ content }) => content)
  if (general.some(({ tag }) => ![0x81, 0x82, 0x86, 0x87].includes(tag))) {
    throw new CertificateRequestError('an alternative name is of an unsupported type: use DNS names, IP addresses, e-mail addresses and URIs')
  }
  const ascii = (tag: number) => tagged(tag).map((content) => content.toString('latin1'))
  return { emails: ascii(0x81), dns: ascii(0x82), uris: ascii(0x86), addresses: tagged(0x87).map(addressOf) }
}

function addressOf(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) throw new DerError('an IP address has neither 4 nor 16 octets')
  const groups = bytes.toString('hex').match(/.{4}/g) ?? []
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
