import { createServer as createHttp2Server } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { throwawayPki } from '../../base/throwaway-pki.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { rules, saying, TestSite, type Asking } from './test-site.ts'

// New backends take new processes, which wait for one another: on a busy machine that adds up.
vi.setConfig({ testTimeout: 60_000 })
const site = await TestSite.start()
afterAll(() => site[Symbol.asyncDispose]())
await site.service('web', { pods: [(request, response) => void response.end(JSON.stringify({ url: request.url, headers: request.headers }))] })
let hosts = 0

/** A host of its own, whose Ingress has these annotations; its paths are `/` and `/app`. */
async function host(annotations: Record<string, string>, service = 'web'): Promise<string> {
  hosts += 1
  const name = `host-${hosts}`
  const own = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`portolan.dev/${key}`, value]))
  site.ingress(name, rules({ [`${name}.com/`]: service, [`${name}.com/app`]: service }), { annotations: own })
  await site.settled()
  return `${name}.com`
}

async function seen(of: string, path: string, asking: Asking = {}) {
  return JSON.parse((await site.ask(of, path, asking)).body) as { url: string; headers: Record<string, string> }
}

test('what a pod is told of its client, whatever that says of itself', async () => {
  const of = await host({})
  const headers = { 'X-Forwarded-For': '1.2.3.4', Forwarded: 'for=1.2.3.4', 'X-Forwarded-Proto': 'https', 'X-Real-IP': '1.2.3.4' }
  const told = (await seen(of, '/app', { headers })).headers
  expect(told).toMatchObject({
    host: of,
    'x-forwarded-for': '127.0.0.1',
    'x-real-ip': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': of,
    'x-forwarded-port': String(site.ports.http),
  })
  expect(told).not.toHaveProperty('forwarded')
})

test('ssl-redirect', async () => {
  const { status, headers } = await site.ask(await host({ 'ssl-redirect': 'true' }), '/app?x=1')
  expect([status, headers.location]).toEqual([308, `https://host-${hosts}.com/app?x=1`])
})

test.for([
  ['/v1', '/app', '/v1/'],
  ['/v1', '/app/users?x=%2Fapp', '/v1/users?x=%2Fapp'],
  ['/', '/app/users', '/users'],
  ['/v1/', '/other', '/v1/other'],
])('rewrite-target %s: %s becomes %s', async ([target = '', path = '', url]) => {
  expect((await seen(await host({ 'rewrite-target': target }), path)).url).toBe(url)
})

test('max-body-size', async () => {
  const of = await host({ 'max-body-size': '1k' })
  const post = async (body: string, headers: Record<string, string>) => (await site.ask(of, '/', { method: 'POST', body, headers })).status
  expect(await post('x'.repeat(1024), { 'Content-Length': '1024' })).toBe(200)
  expect(await post('x'.repeat(1025), { 'Content-Length': '1025' })).toBe(413)
  expect(await post('x', { 'Transfer-Encoding': 'chunked' })).toBe(411)
})

test('response-timeout', async () => {
  await site.service('slow', { pods: [() => {}] })
  const { status, body } = await site.ask(await host({ 'response-timeout': '50ms' }, 'slow'), '/')
  expect([status, body]).toEqual([504, 'portolan: the pod gave no answer in time\n'])
})

test('cors', async () => {
  const of = await host({ 'cors-allow-origin': 'https://a.com,https://b.com', 'cors-allow-credentials': 'true' })
  const headers = { Origin: 'https://b.com', 'Access-Control-Request-Method': 'PUT' }
  const preflight = await site.ask(of, '/', { method: 'OPTIONS', headers })
  expect(preflight.status).toBe(204)
  expect(preflight.headers).toMatchObject({
    'access-control-allow-origin': 'https://b.com',
    'access-control-allow-methods': expect.stringContaining('PUT'),
    'access-control-allow-credentials': 'true',
    'access-control-max-age': '600',
  })
  expect((await site.ask(of, '/', { headers: { Origin: 'https://a.com' } })).headers).toMatchObject({ 'access-control-allow-origin': 'https://a.com' })
  expect((await site.ask(of, '/', { headers: { Origin: 'https://a.com.evil' } })).headers).not.toHaveProperty('access-control-allow-origin')
  const any = await site.ask(await host({ 'cors-allow-origin': '*' }), '/', { headers: { Origin: 'https://x.com' } })
  expect(any.headers['access-control-allow-origin']).toBe('*')
})

test('basic auth of a Secret, which must be there', async () => {
  const of = await host({ 'auth-secret': 'users', 'auth-realm': 'Staff' })
  expect((await site.ask(of, '/')).body).toBe('portolan: its list of users cannot be used\n')
  expect(await site.events()).toContainEqual(expect.stringContaining('SecretNotFound nobody is let in, because the users in Secret default/users'))
  const { stdout } = await realProcesses.run(['openssl', 'passwd', '-6', 'secret'])
  site.secret('users', { auth: `# ours\nanna:${stdout.trim()}\n` })
  await expect.poll(async () => (await site.ask(of, '/')).status).toBe(401)
  const as = (password: string) => ({ headers: { Authorization: `Basic ${Buffer.from(`anna:${password}`).toString('base64')}` } })
  expect((await site.ask(of, '/', as('secret'))).status).toBe(200)
  const wrong = await site.ask(of, '/', as('wrong'))
  expect([wrong.status, wrong.headers['www-authenticate']]).toEqual([401, 'Basic realm="Staff"'])
})

test('rate-limit', async () => {
  const of = await host({ 'rate-limit': '5' })
  const answers = await Promise.all(Array.from({ length: 30 }, () => site.ask(of, '/')))
  expect(answers.some(({ status }) => status === 429)).toBe(true)
})

test('allow-source-ranges', async () => {
  expect((await site.ask(await host({ 'allow-source-ranges': '10.0.0.0/8' }), '/')).status).toBe(403)
  expect((await site.ask(await host({ 'allow-source-ranges': '10.0.0.0/8,127.0.0.1' }), '/')).status).toBe(200)
})

test('sticky-cookie', async () => {
  await site.service('many', { pods: [1, 2, 3].map((index) => saying(String(index))) })
  const of = await host({ 'sticky-cookie': 'route' }, 'many')
  const first = await site.ask(of, '/')
  const [cookie = ''] = (first.headers['set-cookie']?.[0] ?? '').split(';')
  expect(cookie).toMatch(/^route=/)
  const bodies = await Promise.all(Array.from({ length: 6 }, async () => (await site.ask(of, '/', { headers: { Cookie: cookie } })).body))
  expect(new Set(bodies)).toEqual(new Set([first.body]))
})

test('a canary, by weight and by header; another weight takes effect at once', async () => {
  await site.service('next', { pods: [saying('next')] })
  await site.service('stable', { pods: [saying('stable')] })
  const of = await host({}, 'stable')
  const canary = (weight: number) =>
    site.ingress('canary', rules({ [`${of}/`]: 'next' }), {
      annotations: { 'portolan.dev/canary': 'true', 'portolan.dev/canary-weight': String(weight), 'portolan.dev/canary-header': 'X-Canary' },
    })
  const asked = async (word?: string) => (await site.ask(of, '/', word === undefined ? {} : { headers: { 'X-Canary': word } })).body
  canary(0)
  await expect.poll(() => asked('always')).toBe('next')
  expect(await asked()).toBe('stable')
  canary(100)
  await expect.poll(() => asked()).toBe('next')
  expect(await asked('never')).toBe('stable')
  canary(50)
  await expect.poll(() => asked()).toBe('stable')
  await expect.poll(() => asked()).toBe('next')
})

test('backend-protocol: HTTPS and HTTP/2 to the pod', async () => {
  const { server } = await throwawayPki()
  const https = createHttpsServer(server, (_, response) => void response.end('over TLS')).listen(0, '127.0.0.1')
  const h2c = createHttp2Server((request, response) => void response.end(`HTTP/${request.httpVersion}`)).listen(0, '127.0.0.1')
  for (const each of [https, h2c]) onTestFinished(() => void each.close())
  await Promise.all([https, h2c].map((each) => once(each, 'listening')))
  for (const [name, { port }] of [['https', https.address() as AddressInfo], ['h2c', h2c.address() as AddressInfo]] as const) {
    await site.service(name, { pods: [] })
    site.endpoints(name, [port])
  }
  const overTls = await host({ 'backend-protocol': 'HTTPS' }, 'https')
  expect((await site.ask(overTls, '/')).body).toBe('over TLS')
  const overHttp2 = await host({ 'backend-protocol': 'H2C' }, 'h2c')
  expect((await site.ask(overHttp2, '/')).body).toBe('HTTP/2.0')
})

test('a bad annotation is told, and the rest is served', async () => {
  const of = await host({ 'rate-limit': 'often', unheard: 'of' })
  expect((await site.ask(of, '/')).status).toBe(200)
  expect(await site.events()).toContain(
    `host-${hosts}: InvalidAnnotation annotation portolan.dev/rate-limit: "often" must be a whole number from 1 to 1000000; annotation portolan.dev/unheard is not known`,
  )
})

test('the access log and metrics are switched on by the class', async () => {
  const of = await host({})
  site.ingressClass('portolan', 'portolan.dev/ingress', { 'portolan.dev/access-log': 'true' })
  await expect.poll(async () => {
    await site.ask(of, '/app?secret=1', { headers: { 'User-Agent': 'tester' } })
    return site.requests.length
  }).toBeGreaterThan(0)
  await expect.poll(() => JSON.parse(site.requests.at(-1) ?? '{}')).toMatchObject({ client: '127.0.0.1', method: 'GET', host: of, path: '/app', status: 200 })
})
