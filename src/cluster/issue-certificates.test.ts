import { X509Certificate } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { parseCertificateRequest } from '../api/certificate-request.ts'
import { throwawayRequest } from '../base/throwaway-request.ts'
import { authorityFor, newRequest, type Pair, signOrder } from './issue-certificates.ts'

let authority: Pair
beforeAll(async () => {
  authority = await authorityFor('portolan', 1)
})

const hours = 3600

async function signed(pem: string, seconds: number, usages = ['digital signature', 'client auth']): Promise<X509Certificate> {
  const { subject, names, publicKey } = parseCertificateRequest(pem)
  return new X509Certificate(await signOrder(authority, { subject, names, publicKey, usages, seconds }))
}

for (const algorithm of ['ecdsa', 'rsa', 'ed25519'] as const) {
  test(`a key of the kind ${algorithm} is signed for, with the subject and for the uses asked for`, async () => {
    const pem = await throwawayRequest('O=system:nodes, CN=system:node:a', { algorithm })
    const certificate = await signed(pem, hours)
    expect(certificate.verify(new X509Certificate(authority.cert).publicKey)).toBe(true)
    expect(certificate.publicKey.export({ type: 'spki', format: 'der' }).equals(parseCertificateRequest(pem).publicKey)).toBe(true)
    expect(certificate.subject).toBe('O=system:nodes\nCN=system:node:a')
    expect([certificate.ca, certificate.keyUsage, certificate.subjectAltName]).toEqual([false, ['1.3.6.1.5.5.7.3.2'], undefined])
  })
}

test('a subject is signed as it was read: what was looked at is what the certificate says', async () => {
  const publicKey = parseCertificateRequest(await throwawayRequest('CN=a')).publicKey
  const derInHex = `#0c0e${Buffer.from('system:masters').toString('hex')}`
  for (const value of ['x"system:masters"', 'system\\:masters', derInHex, '" "', 'a\\0ab', 'süd', 'a, O=system:masters']) {
    const subject = [{ oid: '2.5.4.10', value }, { oid: '2.5.4.3', value: 'jane' }]
    const pem = await signOrder(authority, { subject, names: { dns: [], addresses: [], emails: [], uris: [] }, publicKey, usages: ['client auth'], seconds: hours })
    expect(new X509Certificate(pem).toLegacyObject().subject).toEqual({ O: value, CN: 'jane' })
  }
})

test('names and addresses of a server are in it', async () => {
  const { request } = await newRequest({ commonName: 'system:node:a', organizations: ['system:nodes'], addresses: ['192.168.99.20', 'fd00::1'], dnsNames: ['a'] })
  const certificate = await signed(request, hours, ['digital signature', 'server auth'])
  expect([certificate.checkIP('192.168.99.20'), certificate.checkIP('fd00::1'), certificate.checkHost('a'), certificate.checkHost('b')]).toEqual([
    '192.168.99.20',
    'fd00::1',
    'a',
    undefined,
  ])
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
})

test('it lasts as long as is asked, and never longer than its authority', async () => {
  const pem = await throwawayRequest('CN=a')
  const lasts = ({ validToDate }: X509Certificate) => Math.round((validToDate.getTime() - Date.now()) / 3_600_000)
  expect(lasts(await signed(pem, 5 * hours))).toBe(5)
  const dueForRenewal = ({ validFromDate, validToDate }: X509Certificate) => validFromDate.getTime() + 0.7 * (validToDate.getTime() - validFromDate.getTime())
  expect(dueForRenewal(await signed(pem, 60))).toBeGreaterThan(Date.now() + 30_000)
  expect((await signed(pem, 1e9)).validTo).toBe(new X509Certificate(authority.cert).validTo)
})
