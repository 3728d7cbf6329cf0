import { once } from 'node:events'
import type { ClientHttp2Session } from 'node:http2'
import { get as httpsGet } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Compression } from './compression.ts'
import { http2Request, testServer, type TestServer } from './test-server.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
let server: TestServer
let session: ClientHttp2Session

beforeAll(async () => {
  server = await testServer()
  session = await server.session()
  for (const name of ['a', 'b']) {
    await server.api.request('POST', configMaps, { metadata: { name }, data: { text: `${name} ünï`.repeat(20_000) } })
  }
})
afterAll(() => server[Symbol.asyncDispose]())

async function fetchBytes(path: string, acceptEncoding?: string) {
  const stream = session.request({ ':path': path, ...(acceptEncoding !== undefined && { 'accept-encoding': acceptEncoding }) })
  const [[headers], bytes] = await Promise.all([once(stream, 'response'), buffer(stream)])
  return { headers: headers as Record<string, string | undefined>, bytes }
}

describe('answers above 128 KiB are compressed for who takes them so', () => {
  for (const { name, path, accept, compressed } of [
    { name: 'a list', path: configMaps, accept: 'gzip', compressed: true },
    { name: 'an object', path: `${configMaps}/a`, accept: 'deflate, gzip;q=0.5, br', compressed: true },
    { name: 'OpenAPI', path: '/openapi/v2', accept: 'gzip', compressed: true },
    { name: 'OpenAPI v3', path: '/openapi/v3/api/v1', accept: 'gzip', compressed: true },
    { name: 'a list for who asks for nothing', path: configMaps, compressed: false },
    { name: 'a list for who speaks otherwise', path: configMaps, accept: 'br, deflate', compressed: false },
    { name: 'a list for who will not have it', path: configMaps, accept: 'gzip;q=0', compressed: false },
    { name: 'a short answer', path: '/version', accept: 'gzip', compressed: false },
  ]) {
    test(`${name}: ${compressed ? 'compressed' : 'as it is'}`, async () => {
      const plain = await fetchBytes(path)
      const { headers, bytes } = await fetchBytes(path, accept)
      expect(headers['content-encoding']).toBe(compressed ? 'gzip' : undefined)
      expect(headers['content-length']).toBe(String(bytes.length))
      expect((compressed ? gunzipSync(bytes) : bytes).equals(plain.bytes)).toBe(true)
      expect(headers['vary']?.includes('Accept-Encoding') ?? false).toBe(compressed)
      expect(bytes.length < plain.bytes.length / 3).toBe(compressed)
    })
  }

  test('over HTTP/1.1 too', async () => {
    const { port, pki } = server
    const options = { host: '127.0.0.1', port, path: configMaps, ca: pki.ca, ...pki.client, headers: { 'accept-encoding': 'gzip' } }
    const answer = await new Promise<IncomingMessage>((resolve, reject) => httpsGet(options, resolve).on('error', reject))
    expect(answer.headers['content-encoding']).toBe('gzip')
    expect(JSON.parse(gunzipSync(await buffer(answer)).toString())).toMatchObject({ items: [{}, {}] })
  })

  test('but watches are not, whose events must not wait for more', async () => {
    const { headers, bytes } = await fetchBytes(`${configMaps}?watch=1&timeoutSeconds=1`, 'gzip')
    expect(headers['content-encoding']).toBeUndefined()
    expect(bytes.toString().trim().split('\n')).toHaveLength(2)
  })

  test('two at a time: what comes meanwhile is sent as it is', async () => {
    const compression = new Compression()
    const body = Buffer.alloc(1_000_000)
    const sent = await Promise.all(Array.from({ length: 4 }, () => compression.gzip(body, 'gzip')))
    expect(sent.map((each) => each !== undefined)).toEqual([true, true, false, false])
    expect(await compression.gzip(body, 'gzip')).toBeDefined()
  })
})

describe('bodies of requests', () => {
  const text = '{"metadata":{"name":"sent"}}'
  const post = (body: string | Buffer) =>
    http2Request(
      session,
      { ':path': `${configMaps}?dryRun=All`, ':method': 'POST', 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body,
    )

  test('that are compressed are refused, with the reason', async () => {
    const { headers, text: answer } = await post(gzipSync(text))
    expect(headers[':status']).toBe(400)
    expect(JSON.parse(answer)).toMatchObject({ reason: 'BadRequest', message: expect.stringContaining('Content-Encoding is "gzip"') })
  })

  test('that only say so are read', async () => {
    expect((await post(text)).headers[':status']).toBe(201)
  })
})
