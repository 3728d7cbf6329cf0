import type { ClientHttp2Session } from 'node:http2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { http2Request, testServer, type TestServer } from './test-server.ts'

let server: TestServer
let session: ClientHttp2Session
beforeAll(async () => {
  server = await testServer()
  session = await server.session()
})
afterAll(() => server[Symbol.asyncDispose]())

const protobuf = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

function get(path: string, headers: Record<string, string> = {}) {
  return http2Request(session, { ':path': path, ...headers })
}

/** What the index says of a group and version. */
async function indexed(groupVersion: string): Promise<string> {
  const { text } = await get('/openapi/v3')
  return (JSON.parse(text) as { paths: Record<string, { serverRelativeURL: string }> }).paths[groupVersion]?.serverRelativeURL ?? ''
}

describe('a document of version 3', () => {
  test('under the hash of the index may be kept for good', async () => {
    const { headers, text } = await get(await indexed('apis/discovery.k8s.io/v1'))
    expect(headers).toMatchObject({ ':status': 200, 'cache-control': 'public, immutable', vary: 'Accept' })
    expect(Date.parse(String(headers['expires']))).toBeGreaterThan(Date.now() + 360 * 24 * 3_600_000)
    expect(text).toContain('"/apis/discovery.k8s.io/v1/')
  })

  test('under an old hash is where the index says now', async () => {
    const { headers, text } = await get('/openapi/v3/apis/discovery.k8s.io/v1?hash=0123')
    expect([headers[':status'], headers['location'], text]).toEqual([301, await indexed('apis/discovery.k8s.io/v1'), ''])
  })

  test('without a hash is what is true now', async () => {
    const { headers } = await get('/openapi/v3/apis/discovery.k8s.io/v1')
    expect(headers).toMatchObject({ ':status': 200, 'cache-control': 'no-cache, private' })
    expect(await indexed('apis/discovery.k8s.io/v1')).toContain(JSON.parse(String(headers['etag'])))
  })
})

describe('who has the answer already is told so', () => {
  for (const { name, path, headers = {} } of [
    { name: 'OpenAPI v3', path: '/openapi/v3/api/v1' },
    { name: 'OpenAPI v2', path: '/openapi/v2' },
    { name: 'OpenAPI v2 in protobuf', path: '/openapi/v2', headers: { accept: protobuf } },
    { name: 'discovery', path: '/apis', headers: { accept: aggregated } },
  ]) {
    test(name, async () => {
      const first = await get(path, headers)
      const etag = String(first.headers['etag'])
      expect(etag).toMatch(/^"[0-9A-F]{128}"$/)
      for (const known of [etag, `"other", ${etag}`, `W/${etag}`, '*']) {
        const again = await get(path, { ...headers, 'if-none-match': known })
        expect([again.headers[':status'], again.headers['etag'], again.text]).toEqual([304, etag, ''])
      }
      const changed = await get(path, { ...headers, 'if-none-match': '"other"' })
      expect([changed.headers[':status'], changed.text]).toEqual([200, first.text])
    })
  }

  test('each form by its own tag', async () => {
    const [json, bytes] = [await get('/openapi/v2'), await get('/openapi/v2', { accept: protobuf })]
    expect(json.headers['etag']).not.toBe(bytes.headers['etag'])
  })

  test('but never of an object, which has none', async () => {
    const { headers } = await get('/api/v1/namespaces/default', { 'if-none-match': '*' })
    expect([headers[':status'], headers['cache-control']]).toEqual([200, 'no-cache, private'])
  })
})
