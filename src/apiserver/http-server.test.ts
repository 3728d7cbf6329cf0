import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { constants, type ClientHttp2Session } from 'node:http2'
import { get } from 'node:https'
import { connect } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { expired, throwawayPki } from '../base/throwaway-pki.ts'
import { frames, http2Request, testServer, textOf, type TestServer } from './test-server.ts'

let server: TestServer
beforeEach(async () => {
  server = await testServer()
})
afterEach(() => server[Symbol.asyncDispose]())

const configMaps = '/api/v1/namespaces/default/configmaps'

/** An HTTP/1.1 request in bytes; the connection ends with its answer. */
function http1(method: string, path: string, body = '', headers: Record<string, string> = {}): string {
  const all = { Host: '127.0.0.1', Connection: 'close', 'Content-Length': String(Buffer.byteLength(body)), ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

const spdy = { Connection: 'Upgrade', Upgrade: 'SPDY/3.1' }

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])

async function storedNames(): Promise<string[]> {
  const { body } = await server.api.request('GET', configMaps)
  return (body['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name)
}

/** What the server has met that it did not expect; it still answers. */
async function troubles(): Promise<readonly string[]> {
  const code = statusOf(await server.exchange(http1('GET', '/readyz')))
  return code === 200 ? server.errors : [...server.errors, `/readyz is ${code}`]
}

describe('odd requests over HTTP/1.1', () => {
  const big = `{"metadata":{"name":"big"},"data":{"a":"${'x'.repeat(3 * 1024 * 1024)}"}}`
  const small = '{"metadata":{"name":"a"}}'
  const pod = '/api/v1/namespaces/default/pods/a'
  const json = { 'Content-Type': 'application/json' }
  const cases: { name: string; request: string | Buffer; code: number }[] = [
    { name: 'no HTTP', request: 'no such thing\r\n\r\n', code: 400 },
    { name: 'broken percent-encoding', request: http1('GET', '/api/v1/namespaces/%e0%a4/pods'), code: 400 },
    { name: 'a slash in a name', request: http1('GET', '/api/v1/namespaces/default/configmaps/a%2Fb'), code: 404 },
    { name: 'an empty namespace', request: http1('GET', '/api/v1/namespaces//pods'), code: 404 },
    { name: 'more path after a subresource', request: http1('GET', `${pod}/status/b`), code: 404 },
    { name: 'dots', request: http1('GET', '/api/v1/../../etc/passwd'), code: 404 },
    { name: 'a whole URL', request: http1('GET', 'https://127.0.0.1/api'), code: 404 },
    { name: 'OPTIONS', request: http1('OPTIONS', '*'), code: 405 },
    { name: 'OPTIONS of a resource', request: http1('OPTIONS', configMaps), code: 405 },
    { name: 'HEAD', request: http1('HEAD', configMaps), code: 200 },
    { name: 'HEAD of a watch', request: http1('HEAD', `${configMaps}?watch=1`), code: 200 },
    { name: 'POST of the version', request: http1('POST', '/version', '{}', json), code: 405 },
    { name: 'PUT of a collection', request: http1('PUT', configMaps, '{"metadata":{}}', json), code: 405 },
    { name: 'DELETE in all namespaces', request: http1('DELETE', '/api/v1/configmaps'), code: 405 },
    { name: 'an absurd query', request: http1('GET', `${configMaps}?${'&=&%%%&a=%zz&'.repeat(500)}`), code: 200 },
    { name: 'a query beyond all bounds', request: http1('GET', `/api?a=${'x'.repeat(100_000)}`), code: 431 },
    { name: 'a body beyond 3 MiB', request: http1('POST', configMaps, big, json), code: 413 },
    {
      name: 'a body that is not UTF-8',
      request: Buffer.from(http1('POST', configMaps, '{"a":"\u00c3("}', { ...json, 'Content-Length': '9' }), 'latin1'),
      code: 400,
    },
    { name: 'an unknown upgrade', request: http1('GET', configMaps, '', { ...spdy, Upgrade: 'h2c' }), code: 400 },
    { name: 'an upgrade of what has none', request: http1('POST', configMaps, small, { ...json, ...spdy }), code: 400 },
    { name: 'exec in a pod that is not there', request: http1('POST', `${pod}/exec?command=sh`, '', spdy), code: 404 },
    { name: 'exec without an upgrade', request: http1('POST', `${pod}/exec?command=sh`), code: 400 },
  ]
  for (const { name, request, code } of cases) {
    test(`${name} is ${code}`, async () => {
      expect(statusOf(await server.exchange(request))).toBe(code)
      expect(await storedNames()).toEqual([])
      expect(await troubles()).toEqual([])
    })
  }

  test('a body may begin with a byte order mark', async () => {
    expect(statusOf(await server.exchange(http1('POST', configMaps, `\ufeff${small}`, json)))).toBe(201)
    expect(await storedNames()).toEqual(['a'])
  })

  test('requests that come in one piece are answered in their order', async () => {
    const kept = { Connection: 'keep-alive' }
    const requests = [http1('GET', '/version', '', kept), http1('GET', '/nothing', '', kept), http1('GET', '/readyz')]
    const answer = await server.exchange(requests.join(''))
    expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => code)).toEqual(['200', '404', '200'])
  })

  test('a warning in any script arrives, however long', async () => {
    const body = JSON.stringify({ metadata: { name: 'a' }, ['ключ\u{1F600}\n']: 1, ['x'.repeat(100_000)]: 1 })
    const answer = await server.exchange(http1('POST', configMaps, body, json))
    expect(statusOf(answer)).toBe(201)
    expect(answer).toContain('299 - "unknown field \\"ключ\u{1F600}\\\\n\\""')
    expect(answer.length).toBeLessThan(10_000)
    const session = await server.session()
    const head = { ':method': 'POST', ':path': configMaps, 'content-type': 'application/json' }
    const { headers } = await http2Request(session, head, JSON.stringify({ metadata: { name: 'b' }, ключ: 1 }))
    expect(Buffer.from(String(headers['warning']), 'latin1').toString()).toBe('299 - "unknown field \\"ключ\\""')
    expect(await troubles()).toEqual([])
  })
})

describe('a list that is made while it is read', () => {
  const names = ['a', 'b', 'c']
  const text = 'ünï'.repeat(150_000)
  const namesIn = (body: string) =>
    (JSON.parse(body) as { items: { metadata: { name: string }; data: object }[] }).items.map(({ metadata, data }) => {
      expect(data).toEqual({ text })
      return metadata.name
    })

  beforeEach(async () => {
    for (const name of names) await server.api.request('POST', configMaps, { metadata: { name }, data: { text } })
  })

  test('is whole over HTTP/2', async () => {
    const { headers, text: body } = await http2Request(await server.session(), { ':path': configMaps })
    expect([headers[':status'], headers['content-length']]).toEqual([200, undefined])
    expect(namesIn(body)).toEqual(names)
  })

  test('is whole over HTTP/1.1', async () => {
    const { port, pki } = server
    const answer = await new Promise<IncomingMessage>((resolve, reject) =>
      get({ host: '127.0.0.1', port, path: configMaps, ca: pki.ca, ...pki.client }, resolve).on('error', reject),
    )
    expect(namesIn(await readText(answer))).toEqual(names)
  })

  test('is only counted for HEAD', async () => {
    const answer = await server.exchange(http1('HEAD', configMaps))
    expect(statusOf(answer)).toBe(200)
    expect(Number(/content-length: (\d+)/i.exec(answer)?.[1])).toBeGreaterThan(names.length * text.length)
    expect(answer.endsWith('\r\n\r\n')).toBe(true)
    const { headers } = await http2Request(await server.session(), { ':path': configMaps, ':method': 'HEAD' })
    expect(headers[':status']).toBe(200)
    expect(await troubles()).toEqual([])
  })
})

describe('clients that break off', () => {
  const half = 'metadata:\n  name: half\n'
  const pseudo = (method: string, path: string) => ({
    ':method': method,
    ':path': path,
    ':scheme': 'https',
    ':authority': '127.0.0.1',
    'content-type': 'application/yaml',
  })

  for (const code of [constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_CANCEL]) {
    test(`in mid-body over HTTP/2, with code ${code}, change nothing`, async () => {
      await server.api.request('POST', configMaps, { metadata: { name: 'kept' } })
      const socket = await server.socket(undefined, 'h2')
      socket.write(
        Buffer.concat([
          frames.preface,
          frames.headers(1, pseudo('POST', configMaps)),
          frames.data(1, half),
          frames.headers(3, pseudo('DELETE', `${configMaps}/kept`)),
          frames.headers(5, pseudo('POST', configMaps)),
          frames.data(5, 'metadata: {name: first}', true),
        ]),
      )
      await expect.poll(storedNames).toContain('first')
      socket.write(
        Buffer.concat([
          frames.reset(1, code),
          frames.reset(3, code),
          // Answered after whatever comes of the others.
          frames.headers(7, pseudo('POST', configMaps)),
          frames.data(7, 'metadata: {name: last}', true),
        ]),
      )
      await expect.poll(storedNames).toContain('last')
      expect(await storedNames()).toEqual(['first', 'kept', 'last'])
      socket.destroy()
      expect(await troubles()).toEqual([])
    })
  }

  test('with the whole session in mid-body leave nothing behind', async () => {
    const session = await server.session()
    const stream = session.request({ ':path': configMaps, ':method': 'POST', 'content-type': 'application/yaml' })
    stream.on('error', () => {})
    stream.write(half)
    await http2Request(session, { ':path': '/readyz' })
    session.destroy()
    expect(await troubles()).toEqual([])
    expect(await storedNames()).toEqual([])
  })

  test('in mid-body over HTTP/1.1 leave nothing behind', async () => {
    const socket = await server.socket()
    socket.write(http1('POST', configMaps, half, { 'Content-Type': 'application/yaml', 'Content-Length': '500' }))
    socket.destroy()
    expect(await troubles()).toEqual([])
    expect(await storedNames()).toEqual([])
  })

  test('or do not go on are cut off', async () => {
    await server[Symbol.asyncDispose]()
    server = await testServer({ bodyTimeoutMs: 50 })
    const request = http1('POST', configMaps, half, { 'Content-Type': 'application/yaml', 'Content-Length': '500' })
    expect(await server.exchange(request)).toBe('')
    const session = await server.session()
    const stream = session.request({ ':path': configMaps, ':method': 'POST', 'content-type': 'application/yaml' })
    stream.on('error', () => {})
    stream.write(half)
    await once(stream.resume(), 'close')
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL)
    expect(await storedNames()).toEqual([])
    expect(await troubles()).toEqual([])
  })

  test('or stay when their upgrade is refused are left', async () => {
    const stays = connect({ host: '127.0.0.1', port: server.port, allowHalfOpen: true })
    const socket = connectTls({ socket: stays, host: '127.0.0.1', ca: server.pki.ca, ...server.pki.client })
    socket.write(http1('GET', configMaps, '', spdy))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(statusOf(answer.toString())).toBe(400)
    await expect.poll(server.connectionCount).toBe(0)
    socket.destroy()
  })

  test('before the TLS handshake do no harm', async () => {
    for (const bytes of ['', 'GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00']) {
      const socket = connect(server.port, '127.0.0.1')
      await once(socket, 'connect')
      socket.write(bytes)
      socket.resetAndDestroy()
    }
    expect(await troubles()).toEqual([])
  })
})

describe('who asks', () => {
  const list = http1('GET', configMaps)
  const admin = 'CN=admin, O=system:masters'

  test('is read from the certificate', async () => {
    expect(statusOf(await server.exchange(list))).toBe(200)
    expect(await server.exchange(list, await server.pki.issue('CN=jo, O=team'))).toContain('User \\"jo\\" cannot list')
  })

  test('is nobody without a certificate', async () => {
    const answer = await server.exchange(list, {})
    expect(statusOf(answer)).toBe(403)
    expect(answer).toContain('system:anonymous')
    expect(statusOf(await server.exchange(http1('GET', '/readyz'), {}))).toBe(200)
    expect(statusOf(await server.exchange(http1('GET', '/api'), {}))).toBe(403)
  })

  test('is refused with the certificate of another authority, or with one that has expired', async () => {
    const other = await throwawayPki(admin)
    expect(statusOf(await server.exchange(list, other.client))).toBe(401)
    expect(statusOf(await server.exchange(list, await server.pki.issue(admin, expired)))).toBe(401)
  })
})

test('a certificate that expires is not heard any more on a connection that it has opened', async () => {
  let now = new Date()
  await using here = await testServer({ clock: { ...systemClock, now: () => now } })
  const session = await here.session()
  const status = async () => (await http2Request(session, { ':path': configMaps })).headers[':status']
  expect(await status()).toBe(200)
  now = new Date(now.getTime() + 24 * 3_600_000)
  expect(await status()).toBe(401)
})

describe('watches', () => {
  /** Opens a watch and resolves when the answer has begun. */
  async function watchOver(session: ClientHttp2Session, path: string) {
    const stream = session.request({ ':path': path })
    stream.on('error', () => {})
    await once(stream, 'response')
    return stream
  }

  async function createLarge(name: string, size: number): Promise<void> {
    const { code } = await server.api.request('POST', configMaps, { metadata: { name }, data: { a: 'x'.repeat(size) } })
    expect(code).toBe(201)
  }

  test('that are not read are cut off, and the others go on', async () => {
    await server[Symbol.asyncDispose]()
    server = await testServer({ maxUnreadBytes: 1_000_000 })
    const [slow, quick] = [await server.session(), await server.session()]
    const unread = await watchOver(slow, `${configMaps}?watch=1`)
    const read = await watchOver(quick, `${configMaps}?watch=1`)
    let text = ''
    read.setEncoding('utf8').on('data', (piece: string) => (text += piece))
    const linesRead = () => text.split('\n').length - 1
    const count = 40
    for (let i = 0; i < count; i += 1) {
      await createLarge(`n${i}`, 100_000)
      await expect.poll(linesRead, { interval: 2 }).toBe(i + 1)
    }
    unread.resume()
    if (!unread.closed) await once(unread, 'close')
    expect(unread.rstCode).not.toBe(constants.NGHTTP2_NO_ERROR)
    expect(await troubles()).toEqual([])
  })

  test('that are not read are cut off over HTTP/1.1 too', async () => {
    await server[Symbol.asyncDispose]()
    server = await testServer({ maxUnreadBytes: 1_000_000 })
    const socket = (await server.socket()) as TLSSocket
    socket.pause()
    socket.write(http1('GET', `${configMaps}?watch=1`))
    await expect.poll(() => socket.readableLength).toBeGreaterThan(0)
    const ended = once(socket, 'close')
    // More than the kernel's buffers of both sides take.
    for (let i = 0; i < 60; i += 1) await createLarge(`n${i}`, 800_000)
    socket.resume()
    await ended
    expect(await troubles()).toEqual([])
  })

  test('begin with more objects than may be unread, for those who read', async () => {
    await server[Symbol.asyncDispose]()
    server = await testServer({ maxUnreadBytes: 1_000_000 })
    const count = 50
    for (let i = 0; i < count; i += 1) await createLarge(`n${i}`, 100_000)
    const read = await watchOver(await server.session(), `${configMaps}?watch=1`)
    let text = ''
    read.setEncoding('utf8').on('data', (piece: string) => (text += piece))
    await expect.poll(() => text.split('\n').length - 1, { interval: 2 }).toBe(count)
    expect(await troubles()).toEqual([])
  })

  test('end cleanly at their time', async () => {
    const answer = await server.exchange(http1('GET', `${configMaps}?watch=1&timeoutSeconds=1`))
    expect(answer).toMatch(/\r\n0\r\n\r\n$/)
  })

  for (const selector of ['fieldSelector=spec.nodeName%3Da', 'fieldSelector=metadata.nothing%3Da']) {
    test(`with ${selector} are refused before they begin, whether there are objects or not`, async () => {
      const path = `${configMaps}?watch=1&timeoutSeconds=1&${selector}`
      expect(statusOf(await server.exchange(http1('GET', path)))).toBe(400)
      await server.api.request('POST', configMaps, { metadata: { name: 'a' } })
      expect(statusOf(await server.exchange(http1('GET', path)))).toBe(400)
      const session = await server.session()
      expect((await http2Request(session, { ':path': path })).headers[':status']).toBe(400)
      expect(await troubles()).toEqual([])
    })
  }

  test('end with the server', async () => {
    const stream = await watchOver(await server.session(), `${configMaps}?watch=1`)
    const socket = await server.socket()
    socket.write(http1('GET', `${configMaps}?watch=1`))
    await once(socket, 'data')
    const ended = [once(stream.resume(), 'close'), textOf(socket)]
    server.close()
    expect(await Promise.all(ended)).toHaveLength(2)
  })
})
