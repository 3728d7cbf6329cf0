import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { itemsOf, readDer } from '../base/der.ts'
import { throwawayRequest } from '../base/throwaway-request.ts'
import { CertificateRequestError, parseCertificateRequest } from './certificate-request.ts'

for (const algorithm of ['ecdsa', 'rsa', 'ed25519'] as const) {
  test(`a request that was signed with ${algorithm} says who and what`, async () => {
    const names = { dnsNames: ['a.example', 'b.example'], addresses: ['192.168.99.11', 'fd00::1'], emails: ['a@b.example'] }
    const found = parseCertificateRequest(await throwawayRequest('O=one, O=two, CN=süd', { ...names, algorithm }))
    expect(found).toMatchObject({
      commonName: 'süd',
      organizations: ['one', 'two'],
      names: { dns: ['a.example', 'b.example'], addresses: ['192.168.99.11', 'fd00::1'], emails: ['a@b.example'], uris: [] },
    })
    expect(found.subject.map(({ oid }) => oid)).toEqual(['2.5.4.10', '2.5.4.10', '2.5.4.3'])
  })
}

test('a request without alternative names has none', async () => {
  const { names } = parseCertificateRequest(await throwawayRequest('CN=x'))
  expect(names).toEqual({ dns: [], addresses: [], emails: [], uris: [] })
})

const derOf = (pem: string) => Buffer.from(pem.replaceAll(/-----[A-Z ]+-----/g, ''), 'base64')
const pemOf = (der: Buffer) => `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`

describe('what is none is refused', () => {
  test('another text', () => {
    expect(() => parseCertificateRequest('hello')).toThrow('PEM block type must be CERTIFICATE REQUEST')
  })

  test('one whose subject was changed after it was signed', async () => {
    const der = derOf(await throwawayRequest('CN=mine'))
    der.write('your', der.indexOf('mine'))
    expect(() => parseCertificateRequest(pemOf(der))).toThrow('the signature does not fit the public key')
  })

  test('one that says another algorithm than its key is for, and one with a text of half a character', async () => {
    const [info, , signature] = itemsOf(readDer(derOf(await throwawayRequest('CN=mine', { algorithm: 'ed25519' }))))
    const [, ecdsa] = itemsOf(readDer(derOf(await throwawayRequest('CN=mine'))))
    const body = Buffer.concat([info, ecdsa, signature].map((part) => part?.whole ?? Buffer.alloc(0)))
    expect(body.length).toBeGreaterThan(127)
    expect(() => parseCertificateRequest(pemOf(Buffer.concat([Buffer.from([0x30, 0x81, body.length]), body])))).toThrow('the signature does not fit the public key')
    const odd = derOf(await throwawayRequest('CN=one'))
    odd[odd.indexOf('one') - 2] = 0x1e
    expect(() => parseCertificateRequest(pemOf(odd))).toThrow(CertificateRequestError)
  })

  test('one that is cut off', async () => {
    const der = derOf(await throwawayRequest('CN=mine'))
    expect(() => parseCertificateRequest(pemOf(der.subarray(0, -1)))).toThrow('malformed certificate request: it ends too early')
  })

  test('any bytes are read or refused, whatever was changed in a good one', async () => {
    const good = derOf(await throwawayRequest('O=o, CN=mine', { dnsNames: ['a'] }))
    const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(changes, (places) => {
        const der = Buffer.from(good)
        for (const [at, value] of places) der[at] = value
        try {
          parseCertificateRequest(pemOf(der))
          expect(der.equals(good)).toBe(true)
        } catch (error) {
          if (!(error instanceof CertificateRequestError)) throw error
        }
      }),
      { numRuns: 1000 },
    )
  })
})
