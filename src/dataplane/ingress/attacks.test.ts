import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, test } from 'vitest'
import type { IngressSpec } from '../../api/kinds/ingress.ts'
import { throwawayPki } from '../../base/throwaway-pki.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { annotationNames } from './annotations.ts'
import { rawHttp2, type RawHeader } from './test-raw-http2.ts'
import { relayedAt, rules, TestSite } from './test-site.ts'

const site = await TestSite.start()
afterAll(() => site[Symbol.asyncDispose]())
/** The requests that reached a pod. */
const reached: string[] = []
await site.service('web', {
  pods: [(request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece))
    request.on('end', () => {
      reached.push(`${request.method} ${request.url} ${body}`)
      response.setHeader('x-heard-from', String(request.headers['x-forwarded-for'])).end('served')
    })
  }],
})
site.ingress('web', rules({ 'web.com/': 'web' }))
await site.settled()

function open(address = '127.0.0.1'): Socket {
  return connect(site.ports.http, address).setEncoding('utf8').on('error', () => {})
}

/** All that comes back for these bytes, until the connection is closed. */
async function raw(bytes: string, address?: string): Promise<string> {
  const socket = open(address)
  socket.write(bytes, 'latin1')
  return text(socket)
}

const head = (...lines: string[]) => `${['POST / HTTP/1.1', 'Host: web.com', 'Connection: close', ...lines].join('\r\n')}\r\n\r\n`
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: web.com\r\n\r\n'

describe('who a client is', () => {
  const asking = 'GET / HTTP/1.1\r\nHost: web.com\r\nConnection: close\r\n\r\n'
  const header = 'PROXY TCP4 192.0.2.7 192.0.2.8 4711 80\r\n'

  test('is believed where others relay', async () => {
    expect(await raw(header + asking, relayedAt)).toMatch(/^HTTP\/1.1 200 [^]*x-heard-from: 192.0.2.7\r\n[^]*served$/)
  })

  test('is not believed elsewhere, and nobody is served there who does not say it', async () => {
    const before = reached.length
    expect(await raw(header + asking)).toMatch(/^HTTP\/1.1 400 /)
    expect(await raw(asking, relayedAt).catch((error: NodeJS.ErrnoException) => error.code)).toMatch(/^(|ECONNRESET)$/)
    expect(reached.slice(before)).toEqual([])
  })
})

test.for<[string, string]>([
  ['two lengths', head('Content-Length: 5', 'Content-Length: 0') + smuggled],
  ['a length that is a list', head('Content-Length: 5, 0') + smuggled],
  ['a length with a sign', head('Content-Length: +5') + smuggled],
  ['chunks that are not', head('Transfer-Encoding: xchunked') + smuggled],
  ['chunked in the wrong place', head('Transfer-Encoding: chunked, identity') + smuggled],
  ['a blank before the colon', head('Transfer-Encoding : chunked') + smuggled],
  ['a header without a name', head(': x') + smuggled],
  ['a line that is folded', head('X-One: a', ' Transfer-Encoding: chunked', 'Content-Length: 0') + smuggled],
  ['a NUL in a header', head('X-One: a\0b') + smuggled],
  ['a bare carriage return', head('X-One: a\rTransfer-Encoding: chunked') + smuggled],
  ['a line feed alone', head('X-One: a\nTransfer-Encoding: chunked', 'Content-Length: 0') + smuggled],
  ['line feeds alone at the end of the headers', `POST / HTTP/1.1\nHost: web.com\nConnection: close\nContent-Length: 0\n\n${smuggled}`],
  ['two hosts', head('Host: evil.com')],
  ['a blank in the path', 'GET /a b HTTP/1.1\r\nHost: web.com\r\n\r\n'],
])('%s: nothing is smuggled past', async ([, bytes]) => {
  reached.length = 0
  const answer = await raw(bytes)
  expect(reached.filter((request) => request.includes('smuggled'))).toEqual([])
  expect(answer).toMatch(/^HTTP\/1\.[01] (400|404|411|501|505|200) /)
})

const asked = [[':method', 'POST'], [':scheme', 'https'], [':path', '/'], [':authority', 'web.com']] as const satisfies readonly RawHeader[]

test.for<[string, { headers: readonly RawHeader[]; body?: string }, 'answered' | 'refused']>([
  ['what is right', { headers: [...asked, ['content-length', '5']], body: 'right' }, 'answered'],
  ['a header with a line break', { headers: [...asked, ['x-one', 'a\r\ntransfer-encoding: chunked']], body: smuggled }, 'refused'],
  ['a name with a line break', { headers: [...asked, ['x-one: a\r\nx-two', 'b']], body: smuggled }, 'refused'],
  ['a path with a line break', { headers: [asked[0], asked[1], [':path', '/ HTTP/1.1\r\nhost: web.com\r\n\r\nGET /smuggled'], asked[3]] }, 'refused'],
  ['a method with a blank', { headers: [[':method', 'GET /smuggled HTTP/1.1\r\nx: '], asked[1], asked[2], asked[3]] }, 'refused'],
  ['chunks, which HTTP/2 does not have', { headers: [...asked, ['transfer-encoding', 'chunked']], body: `0\r\n\r\n${smuggled}` }, 'refused'],
  ['a header of the connection', { headers: [...asked, ['connection', 'x-forwarded-for']] }, 'refused'],
  ['a length that is less than the body', { headers: [...asked, ['content-length', '0']], body: smuggled }, 'refused'],
  ['a length that is more than the body', { headers: [...asked, ['content-length', '500']], body: smuggled }, 'refused'],
  ['a name in capitals', { headers: [...asked, ['X-One', 'a']] }, 'refused'],
  ['two paths', { headers: [...asked, [':path', '/smuggled']] }, 'refused'],
])('over HTTP/2, %s: nothing is smuggled past', async ([, request, outcome]) => {
  reached.length = 0
  expect(await rawHttp2(site.ports.https, request)).toBe(outcome)
  expect(reached.filter((each) => /^\w+ \/smuggled/.test(each))).toEqual([])
})

test('both a length and chunks: the chunks count, for us and for the pod', async () => {
  reached.length = 0
  await raw(`${head('Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n${smuggled}`)
  expect(reached.filter((request) => request.includes('smuggled'))).toEqual([])
})

test('headers that are too large are refused, and the pod hears nothing of them', async () => {
  reached.length = 0
  expect(await raw(head(`X-Large: ${'x'.repeat(20_000)}`))).toMatch(/^HTTP\/1.1 400 /)
  expect(await raw(head(...Array.from({ length: 200 }, (_, index) => `X-${index}: x`)))).toMatch(/^HTTP\/1.1 400 /)
  expect(reached).toEqual([])
})

test('what is in a host or path comes back as text, in one line', async () => {
  const answer = await raw('GET /<script> HTTP/1.1\r\nHost: nobody.com\r\nConnection: close\r\n\r\n')
  expect(answer).toContain('content-type: text/plain')
  expect(answer.toLowerCase()).toContain('x-content-type-options: nosniff')
  expect(await raw('GET / HTTP/1.1\r\nHost: <b>x</b>\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
})

test('a client that is slow to say what it wants is not waited for', { timeout: 40_000 }, async () => {
  const socket = open()
  socket.write('GET / HTTP/1.1\r\nHost: web.com\r\n')
  const dripping = (async () => {
    for (let line = 0; !socket.destroyed; line += 1) {
      socket.write(`X-${line}: x\r\n`)
      await pause(500)
    }
  })()
  const answer = await text(socket)
  expect(answer).toMatch(/^HTTP\/1.1 408 /)
  socket.destroy()
  await dripping
})

describe('slow clients', async () => {
  const impatient = await TestSite.start({ clientTimeoutMs: 500 })
  afterAll(() => impatient[Symbol.asyncDispose]())
  await impatient.service('large', { pods: [(request, response) => void request.resume().on('end', () => response.end(Buffer.alloc(32 * 1024 * 1024)))] })
  impatient.ingress('large', rules({ 'large.com/': 'large' }))
  impatient.ingress('hasty', rules({ 'hasty.com/': 'large' }), { annotations: { 'portolan.dev/response-timeout': '500ms' } })
  await impatient.settled()

  test('one that does not go on with its body is waited for as long as a pod that does not answer', async () => {
    const socket = connect(impatient.ports.http, '127.0.0.1').setEncoding('utf8').on('error', () => {})
    socket.write('POST / HTTP/1.1\r\nHost: hasty.com\r\nContent-Length: 1000\r\n\r\nonly so much')
    expect(await text(socket)).toMatch(/^HTTP\/1.1 504 /)
  })

  test('one that does not take its answer is not waited for', async () => {
    const socket = connect(impatient.ports.http, '127.0.0.1').on('error', () => {})
    socket.write('GET / HTTP/1.1\r\nHost: large.com\r\n\r\n')
    await once(socket, 'readable')
    await expect.poll(() => openConnections(impatient.ports.http)).toBe(0)
    let length = 0
    for await (const piece of socket) length += (piece as Buffer).length
    expect(length).toBeLessThan(32 * 1024 * 1024)
  })
})

/** That the server's end has of its port, as the kernel counts them. */
async function openConnections(port: number): Promise<number> {
  const { stdout } = await realProcesses.run(['ss', '-Htn', 'state', 'established', `sport = :${port}`])
  return stdout.split('\n').filter((line) => line !== '').length
}

test('many that say nothing do not keep others out', async () => {
  const idle = Array.from({ length: 300 }, open)
  await Promise.all(idle.map((socket) => once(socket, 'connect')))
  expect((await site.ask('web.com', '/')).body).toBe('served')
  for (const socket of idle) socket.destroy()
})

describe('an Ingress that nobody should have let in', () => {
  const evil = 'x\n  http-request return status 200 content-type text/plain string evil\n'
  const to = (service: object) => [{ host: 'evil.com', http: { paths: [{ path: '/', pathType: 'Prefix' as const, backend: { service } }] } }]
  const port = { number: 80 }

  test.for<[string, Partial<IngressSpec>, string]>([
    ['host', rules({ [`evil.com ${evil}/`]: 'web' }), 'InvalidHost'],
    ['host with more than a name', rules({ 'evil.com default_web_80\nweb.com/': 'web' }), 'InvalidHost'],
    ['wildcard', rules({ '*.*.com/': 'web' }), 'InvalidHost'],
    ['host of a certificate', { tls: [{ hosts: ['evil.com\n/etc/shadow web.com'], secretName: 'cert' }] }, 'InvalidHost'],
    ['path', rules({ [`evil.com/${evil}`]: 'web' }), 'InvalidPath'],
    ['Service', { rules: to({ name: `web_80\n${evil}`, port }) } as Partial<IngressSpec>, 'UnsupportedBackend'],
    ['port', { rules: to({ name: 'web', port: { name: evil } }) } as Partial<IngressSpec>, 'UnsupportedBackend'],
    ['Service of another namespace', { rules: to({ name: '../kube-system/web', port }) } as Partial<IngressSpec>, 'UnsupportedBackend'],
  ])('its %s does not reach HAProxy, which is told', async ([name, spec, reason]) => {
    const own = `evil-${name.replaceAll(/\W/g, '-').toLowerCase()}`
    site.ingress(own, spec)
    await expect.poll(() => site.events()).toContainEqual(expect.stringContaining(`${own}: ${reason} `))
    await site.settled()
    expect(await configuration()).not.toMatch(/evil|shadow|\.\./)
    expect((await site.ask('web.com', '/')).body).toBe('served')
  })

  test.for(annotationNames)('its annotation %s does not reach HAProxy, which is told', async (name) => {
    // A host of its own: one that others have would be told of as well, and there is a limit to that.
    site.ingress(`annotated-${name}`, rules({ [`${name}.com/`]: 'web' }), { annotations: { [`portolan.dev/${name}`]: evil } })
    await expect.poll(() => site.events()).toContainEqual(expect.stringContaining(`annotated-${name}: InvalidAnnotation `))
    await site.settled()
    expect(await configuration()).not.toContain('evil')
    expect((await site.ask('web.com', '/')).body).toBe('served')
  })

  /** All of it, as HAProxy reads it. */
  async function configuration(): Promise<string> {
    const names = (await readdir(site.directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    return (await Promise.all(names.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')))).join('\n')
  }
})

test('a younger Ingress of another namespace gets neither a path nor the certificate of a host, and is told so', async () => {
  const { cert, key } = await (await throwawayPki()).issue('CN=phish')
  await site.service('phish', { namespace: 'evil' })
  site.secret('phish', { 'tls.crt': cert, 'tls.key': key }, 'evil')
  const createdAt = '2026-02-01T00:00:00Z'
  site.ingress('phish', { ...rules({ 'web.com/login': 'phish', 'phish.com/': 'phish' }), tls: [{ hosts: ['web.com'], secretName: 'phish' }] }, { namespace: 'evil', createdAt })
  await expect.poll(async () => (await site.ask('phish.com', '/')).body).toBe('phish')
  expect((await site.ask('web.com', '/login')).body).toBe('served')
  await expect.poll(() => site.events()).toContainEqual('phish: HostConflict host web.com belongs to Ingress default/web, which does not share it')
  expect(await site.shown('web.com')).toBe('server')
})

test('users in a Secret of another namespace let nobody in', async () => {
  site.secret('users', { auth: 'anna:$6$salt$WZf6zq9VdBwk1mXc5cUv3hJw2a0b1c2d3e4f5g6h7i8j9k0l\n' }, 'evil')
  site.ingress('locked', rules({ 'locked.com/': 'web' }), { annotations: { 'portolan.dev/auth-secret': 'users' } })
  await expect.poll(async () => (await site.ask('locked.com', '/')).body).toBe('portolan: its list of users cannot be used\n')
  await expect.poll(() => site.events()).toContainEqual(expect.stringContaining('locked: SecretNotFound nobody is let in'))
})
