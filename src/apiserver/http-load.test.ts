import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { constants, type ClientHttp2Session } from 'node:http2'
import { connect } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { http2Request, testServer, type TestServer, type TestServerOptions } from './test-server.ts'

let server: TestServer
afterEach(() => server[Symbol.asyncDispose]())

const configMaps = '/api/v1/namespaces/default/configmaps'

async function start(options: TestServerOptions = {}): Promise<void> {
  server = await testServer(options)
}

async function create(name: string, size = 0): Promise<void> {
  const { code } = await server.api.request('POST', configMaps, { metadata: { name }, data: { a: 'x'.repeat(size) } })
  expect(code).toBe(201)
}

async function watchOver(session: ClientHttp2Session, query = '') {
  const stream = session.request({ ':path': `${configMaps}?watch=1${query}` })
  stream.on('error', () => {})
  await once(stream, 'response')
  return stream
}

/** A connection as somebody who is no administrator. */
async function ordinary(): Promise<ClientHttp2Session> {
  return server.session(await server.pki.issue('CN=jo, O=team'))
}

function ping(session: ClientHttp2Session): Promise<number> {
  return new Promise((resolve, reject) => session.ping((error, duration) => (error === null ? resolve(duration) : reject(error))))
}

describe('one HTTP/2 connection', () => {
  test('takes hundreds of watches, and requests beside them', async () => {
    await start()
    const session = await server.session()
    session.setMaxListeners(0)
    const streams = await Promise.all(Array.from({ length: 400 }, () => watchOver(session)))
    let told = 0
    for (const stream of streams) stream.setEncoding('utf8').on('data', (text: string) => (told += text.split('\n').length - 1))
    await create('a')
    await expect.poll(() => told).toBe(streams.length)
    expect((await http2Request(session, { ':path': configMaps })).headers[':status']).toBe(200)
    expect(server.errors).toEqual([])
  })

  test('takes requests and pings while large answers on it are not read', async () => {
    await start()
    for (let i = 0; i < 30; i += 1) await create(`n${i}`, 800_000)
    const session = await server.session()
    const unread = [session.request({ ':path': configMaps }), await watchOver(session)]
    for (const stream of unread) stream.on('error', () => {})
    for (let i = 0; i < 20; i += 1) {
      const { headers } = await http2Request(session, { ':path': `${configMaps}/none` })
      expect(headers[':status']).toBe(404)
    }
    expect(await ping(session)).toBeGreaterThan(0)
  })

  test('is ended when it is idle, but not while anything is open on it', async () => {
    await start({ idleTimeoutMs: 50 })
    const session = await server.session()
    const closed = once(session, 'close')
    const stream = await watchOver(session, '&timeoutSeconds=1')
    await once(stream.resume(), 'close')
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR)
    await closed
    await expect.poll(server.connectionCount).toBe(0)
  })
})

test('a peer that is silent is asked by TCP whether it is there', async () => {
  await start()
  const socket: TLSSocket = await server.socket()
  // Of the server's end (proc_net_tcp(5)): timer 2 is that of keep-alive.
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0')
  const ends = [`0100007F:${hex(server.port)}`, `0100007F:${hex(socket.localPort ?? 0)}`].join(' ')
  const row = () => readFileSync('/proc/net/tcp', 'utf8').split('\n').find((line) => line.includes(` ${ends} `))
  await expect.poll(row).toMatch(/ 02:[0-9A-F]{8} /)
  socket.destroy()
})

describe('a connection on which nothing comes', () => {
  test('is ended before it is encrypted', async () => {
    await start({ handshakeTimeoutMs: 50 })
    const socket = connect(server.port, '127.0.0.1')
    await once(socket.resume(), 'close')
    await expect.poll(server.connectionCount).toBe(0)
    expect(server.errors).toEqual([])
  })

  test('is ended after it', async () => {
    await start({ idleTimeoutMs: 50 })
    const socket = await server.socket(undefined, 'h2')
    await once(socket.resume(), 'close')
    await expect.poll(server.connectionCount).toBe(0)
    expect(server.errors).toEqual([])
  })
})

describe('too much at once', () => {
  test('is refused for a moment, but for administrators', async () => {
    await start()
    const session = await ordinary()
    session.setMaxListeners(0)
    const post = { ':path': configMaps, ':method': 'POST', 'content-type': 'application/json' }
    const stalled = Array.from({ length: 600 }, () => session.request(post))
    for (const stream of stalled) stream.on('error', () => {}).write('{')
    const next = await ordinary()
    const refused = await http2Request(next, { ':path': '/version' })
    expect(refused.headers).toMatchObject({ ':status': 429, 'retry-after': '1' })
    expect(JSON.parse(refused.text)).toMatchObject({ kind: 'Status', reason: 'TooManyRequests', details: { retryAfterSeconds: 1 } })
    expect((await http2Request(await server.session(), { ':path': '/version' })).headers[':status']).toBe(200)
    session.destroy()
    const status = async () => (await http2Request(next, { ':path': '/version' })).headers[':status']
    await expect.poll(status).not.toBe(429)
    expect(server.errors).toEqual([])
  })

  test('unread by all together costs those who read least', async () => {
    await start({ maxTotalUnreadBytes: 3_000_000 })
    const slow = await Promise.all(Array.from({ length: 3 }, async () => watchOver(await server.session())))
    const read = await watchOver(await server.session())
    let lines = 0
    read.setEncoding('utf8').on('data', (text: string) => (lines += text.split('\n').length - 1))
    const count = 40
    for (let i = 0; i < count; i += 1) {
      await create(`n${i}`, 100_000)
      await expect.poll(() => lines, { interval: 2 }).toBe(i + 1)
    }
    for (const stream of slow) stream.resume()
    await expect.poll(() => slow.some(({ rstCode }) => rstCode === constants.NGHTTP2_INTERNAL_ERROR)).toBe(true)
    expect(read.closed).toBe(false)
    expect(server.errors).toEqual([])
  })

  test('that is never read is cut off at the time of a request', async () => {
    await start({ requestTimeoutMs: 50 })
    for (let i = 0; i < 10; i += 1) await create(`n${i}`, 800_000)
    const stream = (await server.session()).request({ ':path': configMaps })
    stream.on('error', () => {})
    await once(stream, 'response')
    await expect.poll(() => stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR)
  })
})

describe('a request with a time', () => {
  const status = async (path: string) => {
    const { headers, text } = await http2Request(await server.session(), { ':path': path })
    return { code: headers[':status'], text }
  }

  test('is answered with a 504 when that is over', async () => {
    await start()
    vi.spyOn(server.api.context.objects.store, 'get').mockReturnValue(new Promise(() => {}))
    const { code, text } = await status(`${configMaps}/a?timeout=20ms`)
    expect([code, JSON.parse(text)]).toEqual([
      504,
      {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Timeout: request did not complete within the allotted timeout',
        reason: 'Timeout',
        details: {},
        code: 504,
      },
    ])
    expect(server.errors).toEqual([])
  })

  test('that is no time is refused', async () => {
    await start()
    expect(await status(`${configMaps}?timeout=soon`)).toMatchObject({ code: 400, text: expect.stringContaining('invalid timeout') })
    expect((await status(`${configMaps}?timeout=5s`)).code).toBe(200)
  })

  test('goes on if it is a watch', async () => {
    await start()
    const stream = await watchOver(await server.session(), '&timeout=1ms')
    const told = once(stream.setEncoding('utf8'), 'data')
    await create('a')
    expect(String(await told)).toContain('"ADDED"')
  })
})
