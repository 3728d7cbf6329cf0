import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { get, type RequestOptions } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:tls'
import { text } from 'node:stream/consumers'
import { afterAll, expect, test } from 'vitest'
import { Secrets } from '../../api/kinds/secret.ts'
import { throwawayPki } from '../../base/throwaway-pki.ts'
import { rules, TestSite } from './test-site.ts'

const site = await TestSite.start()
afterAll(() => site[Symbol.asyncDispose]())
const pki = await throwawayPki()
await site.service('web', { pods: [(request, response) => void response.end(JSON.stringify(request.headers))] })

async function newSecret(name: string, subject = `CN=${name}`): Promise<void> {
  const { cert, key } = await pki.issue(subject)
  site.secret(name, { 'tls.crt': cert, 'tls.key': key })
}

const shown = (servername: string) => site.shown(servername)

async function askTls(host: string, options: RequestOptions = {}) {
  const outgoing = get({ port: site.ports.https, host: '127.0.0.1', servername: host, headers: { host }, rejectUnauthorized: false, agent: false, ...options })
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: response.statusCode, body: await text(response) }
}

test('a certificate by name, a wildcard by its hosts, the default one for others; the pod hears plain HTTP', async () => {
  await newSecret('one')
  await newSecret('star')
  site.ingress('one', { ...rules({ 'one.com/': 'web', '*.star.com/': 'web' }), tls: [{ hosts: ['one.com'], secretName: 'one' }, { hosts: ['*.star.com'], secretName: 'star' }] })
  await expect.poll(() => shown('one.com').catch(String)).toBe('one')
  expect(await shown('x.star.com')).toBe('star')
  expect(await shown('x.y.star.com')).toBe('server')
  expect(await shown('other.com')).toBe('server')
  const { status, body } = await askTls('one.com')
  expect(status).toBe(200)
  expect(JSON.parse(body)).toMatchObject({ 'x-forwarded-proto': 'https', 'x-forwarded-port': String(site.ports.https) })
})

test('HTTP/2 for those who speak it', async () => {
  const session = connectHttp2(`https://127.0.0.1:${site.ports.https}`, { servername: 'one.com', rejectUnauthorized: false })
  const stream = session.request({ ':path': '/', ':authority': 'one.com' })
  const [headers] = (await once(stream, 'response')) as [{ ':status': number }]
  expect(headers[':status']).toBe(200)
  await text(stream)
  session.close()
})

test('a certificate changes, comes and goes without a new process or a broken connection', async () => {
  const socket = connect({ port: site.ports.https, host: '127.0.0.1', servername: 'one.com', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  await newSecret('one', 'CN=renewed')
  await expect.poll(() => shown('one.com')).toBe('renewed')
  site.ingress('two', { ...rules({ 'two.com/': 'web' }), tls: [{ hosts: ['two.com', 'www.two.com'], secretName: 'two' }] })
  await newSecret('two')
  await expect.poll(() => shown('two.com')).toBe('two')
  expect(await shown('www.two.com')).toBe('two')
  site.ingress('two', { ...rules({ 'two.com/': 'web' }), tls: [{ hosts: ['two.com'], secretName: 'two' }] })
  await expect.poll(() => shown('www.two.com')).toBe('server')
  expect(await shown('two.com')).toBe('two')
  site.ingress('two', rules({ 'two.com/': 'web' }))
  await expect.poll(() => shown('two.com')).toBe('server')
  socket.setEncoding('utf8').write('GET / HTTP/1.1\r\nHost: one.com\r\n\r\n')
  const [answer] = (await once(socket, 'data')) as [string]
  expect(answer).toMatch(/^HTTP\/1.1 200/)
  socket.destroy()
})

const other = await pki.issue('CN=other')
const weak = generateKeyPairSync('rsa', { modulusLength: 1024, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })

test.for<[string, Record<string, string>, string]>([
  ['no key', { 'tls.crt': other.cert }, 'it has no tls.key'],
  ['no certificate', { 'tls.key': other.key }, 'it has no tls.crt'],
  ['what is none', { 'tls.crt': 'nonsense', 'tls.key': other.key }, 'its tls.crt has no certificate in PEM'],
  ['a broken one', { 'tls.crt': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'tls.key': other.key }, 'its tls.crt is not a certificate in PEM'],
  ['what is no key', { 'tls.crt': other.cert, 'tls.key': 'nonsense' }, 'its tls.key is not a private key in PEM without a password'],
  ['the key of another', { 'tls.crt': other.cert, 'tls.key': weak.privateKey }, 'its tls.key is not the key of its tls.crt'],
])('a Secret with %s is told; what was shown before stays, and others are not touched', async ([, data, problem]) => {
  await newSecret('three')
  site.ingress('three', { ...rules({ 'three.com/': 'web' }), tls: [{ hosts: ['three.com'], secretName: 'three' }] })
  await expect.poll(() => shown('three.com')).toBe('three')
  site.secret('three', data)
  const event = `three: InvalidCertificate Secret default/three cannot be used for three.com: ${problem}; the one from before stays in use`
  await expect.poll(() => site.events()).toContainEqual(event)
  expect(await shown('three.com')).toBe('three')
  expect(await shown('one.com')).toBe('renewed')
})

test('a Secret that is missing is told, and one that goes leaves its certificate', async () => {
  site.ingress('four', { ...rules({ 'four.com/': 'web' }), tls: [{ hosts: ['four.com'], secretName: 'four' }] })
  const missing = 'four: SecretNotFound Secret default/four cannot be used for four.com: there is no such Secret; the default certificate is shown'
  await expect.poll(() => site.events()).toContainEqual(missing)
  expect((await askTls('four.com')).status).toBe(200)
  await newSecret('four')
  await expect.poll(() => shown('four.com')).toBe('four')
  await site.client.delete(Secrets, { namespace: 'default', name: 'four' })
  await expect.poll(() => site.events()).toContainEqual(expect.stringContaining('there is no such Secret; the one from before stays in use'))
  expect(await shown('four.com')).toBe('four')
})

test('a certificate for another host is shown all the same, and that is told', async () => {
  await expect.poll(() => site.events()).toContainEqual('four: CertificateMismatch the certificate in Secret default/four is not for four.com')
})

test('no Secret of another namespace is shown', async () => {
  const { cert, key } = await pki.issue('CN=foreign')
  site.secret('foreign', { 'tls.crt': cert, 'tls.key': key }, 'elsewhere')
  site.ingress('five', { ...rules({ 'five.com/': 'web' }), tls: [{ hosts: ['five.com'], secretName: 'foreign' }] })
  await expect.poll(() => site.events()).toContainEqual(expect.stringContaining('five: SecretNotFound Secret default/foreign'))
  expect(await shown('five.com')).toBe('server')
})
