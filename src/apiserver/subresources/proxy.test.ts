import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { httpBackends } from '../backends.ts'
import { http2Request, testServer, textOf } from '../test-server.ts'
import type { Upstream, UpstreamTarget } from '../upstream.ts'

const pods = '/api/v1/namespaces/default/pods'
const services = '/api/v1/namespaces/default/services'
const nodes = '/api/v1/nodes'

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]()
})

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const echo: Answer = (request, response) => {
  response.setHeader('content-type', 'application/json')
  const head = { method: request.method, url: request.url, headers: request.headers }
  let body = ''
  request.on('data', (chunk) => (body += chunk)).on('end', () => response.end(JSON.stringify({ ...head, body })))
}

/** The API with one real backend behind every address, and where it was asked to go. */
async function testProxy(answer: Answer = echo) {
  const backend = createServer(answer)
  await once(backend.listen(0, '127.0.0.1'), 'listening')
  const here = { scheme: 'http', host: '127.0.0.1', port: (backend.address() as AddressInfo).port } as const
  const real = httpBackends()
  const targets: string[] = []
  const note = ({ scheme, host, port, path }: UpstreamTarget) => void targets.push(`${scheme}://${host}:${port}${path}`)
  const upstream: Upstream = {
    request: (target, request) => (note(target), real.request({ ...target, ...here }, request)),
    upgrade: (target, request) => (note(target), real.upgrade({ ...target, ...here }, request)),
  }
  const server = await testServer({ upstream })
  open.push(server, {
    [Symbol.asyncDispose]: async () => {
      backend.closeAllConnections()
      await new Promise((resolve) => backend.close(resolve))
    },
  })
  const { request } = server.api
  const put = async (path: string, object: object, status?: object) => {
    const { code, body } = await request('POST', path, object)
    if (code !== 201) throw new Error(JSON.stringify(body))
    const { name } = body['metadata'] as { name: string }
    if (status !== undefined) await request('PUT', `${path}/${name}/status`, { ...body, status })
  }
  await put(nodes, { metadata: { name: 'node-1' } }, {
    addresses: [{ type: 'InternalIP', address: '192.168.99.11' }],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
  })
  const pod = (name: string, ip: string, ports: number[] = []) =>
    put(
      pods,
      { metadata: { name }, spec: { containers: [{ name: 'main', image: 'x', ports: ports.map((containerPort) => ({ containerPort })) }] } },
      { podIP: ip, podIPs: ip === '' ? [] : [{ ip }] },
    )
  await pod('web', '10.108.1.2', [8080, 9090])
  await pod('plain', '10.108.1.3')
  await pod('unready', '')
  await pod('sly', '127.0.0.1', [6443])
  const service = async (name: string, ports: object[], subsets: object[]) => {
    await put(services, { metadata: { name }, spec: { ports } })
    await put(services.replace(/services$/, 'endpoints'), { metadata: { name }, subsets })
  }
  await service('web', [{ port: 80 }], [{ addresses: [address('web', '10.108.1.2')], ports: [{ port: 8080 }] }])
  await service(
    'named',
    [{ name: 'http', port: 80 }, { name: 'admin', port: 81 }],
    [{ addresses: [address('web', '10.108.1.2')], ports: [{ name: 'http', port: 8080 }, { name: 'admin', port: 9090 }] }],
  )
  await service('both', [{ port: 80 }], [
    { addresses: [address('web', '10.108.1.2'), address('plain', '10.108.1.3'), address('web', '10.108.1.9')], ports: [{ port: 80 }] },
  ])
  await service('by-hand', [{ port: 80 }], [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }])
  await service('idle', [{ port: 80 }], [{ notReadyAddresses: [address('web', '10.108.1.2')], ports: [{ port: 80 }] }])
  return { server, backend, targets, put, get: (path: string) => plainGet(server, path) }
}

async function plainGet(server: Awaited<ReturnType<typeof testServer>>, path: string) {
  const session = await server.session()
  const { headers, text } = await http2Request(session, { ':path': path })
  return { code: Number(headers[':status']), headers, text }
}

const address = (pod: string, ip: string) => ({ ip, targetRef: { kind: 'Pod', namespace: 'default', name: pod } })

describe('leads to', () => {
  for (const { path, target } of [
    { path: `${pods}/web/proxy/a/b%2Fc?d=e%20f`, target: 'http://10.108.1.2:8080/a/b%2Fc?d=e%20f' },
    { path: `${pods}/web:9090/proxy/`, target: 'http://10.108.1.2:9090/' },
    { path: `${pods}/https:web:/proxy/`, target: 'https://10.108.1.2:8080/' },
    { path: `${pods}/https:web:8443/proxy/x`, target: 'https://10.108.1.2:8443/x' },
    { path: `${pods}/plain/proxy/`, target: 'http://10.108.1.3:80/' },
    { path: `${pods}/https:plain:/proxy/`, target: 'https://10.108.1.3:443/' },
    { path: `${services}/web/proxy/x`, target: 'http://10.108.1.2:8080/x' },
    { path: `${services}/web:80/proxy/x`, target: 'http://10.108.1.2:8080/x' },
    { path: `${services}/named:admin/proxy/x`, target: 'http://10.108.1.2:9090/x' },
    { path: `${services}/https:named:81/proxy/x`, target: 'https://10.108.1.2:9090/x' },
    { path: `${nodes}/node-1/proxy/healthz`, target: 'https://192.168.99.11:10250/healthz' },
    { path: `${nodes}/node-1:10250/proxy/healthz`, target: 'https://192.168.99.11:10250/healthz' },
    { path: `${nodes}/node-1:9100/proxy/metrics`, target: 'http://192.168.99.11:9100/metrics' },
  ]) {
    test(`${target} from ${path}`, async () => {
      const { get, targets } = await testProxy()
      expect(await get(path)).toMatchObject({ code: 200 })
      expect(targets).toEqual([target])
    })
  }

  test('each ready endpoint of a service in its turn', async () => {
    const { get, targets } = await testProxy()
    for (let i = 0; i < 60; i += 1) await get(`${services}/both/proxy/`)
    expect(new Set(targets)).toEqual(new Set(['http://10.108.1.2:80/', 'http://10.108.1.3:80/']))
  })
})

describe('refuses', () => {
  for (const { path, code, message } of [
    { path: `${pods}/none/proxy/`, code: 404, message: 'pods "none" not found' },
    { path: `${pods}/unready/proxy/`, code: 400, message: 'address not allowed' },
    { path: `${pods}/sly/proxy/`, code: 400, message: 'address not allowed' },
    { path: `${pods}/ftp:web:21/proxy/`, code: 400, message: 'invalid pod request "ftp:web:21"' },
    { path: `${pods}/http:web:80:1/proxy/`, code: 400, message: 'invalid pod request "http:web:80:1"' },
    { path: `${pods}/:80/proxy/`, code: 400, message: 'invalid pod request ":80"' },
    { path: `${pods}/web:70000/proxy/`, code: 400, message: 'invalid pod request "web:70000"' },
    { path: `${services}/none/proxy/`, code: 404, message: 'services "none" not found' },
    { path: `${services}/named/proxy/`, code: 503, message: 'no endpoints available for service "named"' },
    { path: `${services}/named:x/proxy/`, code: 503, message: 'no endpoints available for service "named:x"' },
    { path: `${services}/named:99/proxy/`, code: 503, message: 'no service port 99 found for service "named"' },
    { path: `${services}/by-hand/proxy/`, code: 503, message: 'no endpoints available for service "by-hand"' },
    { path: `${services}/idle/proxy/`, code: 503, message: 'no endpoints available for service "idle"' },
    { path: `${nodes}/none/proxy/`, code: 404, message: 'nodes "none" not found' },
    { path: `${nodes}/node-1:x/proxy/`, code: 400, message: 'invalid node request "node-1:x"' },
    { path: '/api/v1/namespaces/default/configmaps/a/proxy/', code: 404, message: 'the server could not find the requested resource' },
  ]) {
    test(`${path} with ${code}`, async () => {
      const { get, targets } = await testProxy()
      const answer = await get(path)
      expect(JSON.parse(answer.text)).toMatchObject({ kind: 'Status', code, message })
      expect(answer.code).toBe(code)
      expect(targets).toEqual([])
    })
  }

  test('a backend that does not listen, in the words of a dialer', async () => {
    const { get, backend } = await testProxy()
    const { port } = backend.address() as AddressInfo
    await new Promise((resolve) => backend.close(resolve))
    const answer = await get(`${pods}/web/proxy/`)
    expect(JSON.parse(answer.text)).toMatchObject({
      code: 503,
      reason: 'ServiceUnavailable',
      message: `error trying to reach service: dial tcp 127.0.0.1:${port}: connect: connection refused`,
    })
  })
})

describe('passes on', () => {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    test(`${method} with its body, over both protocols`, async () => {
      const { server } = await testProxy()
      const path = `${pods}/web/proxy/x`
      const expected = { method, url: '/x', body: 'some body' }
      const session = await server.session()
      const second = await http2Request(session, { ':path': path, ':method': method }, 'some body')
      expect(JSON.parse(second.text)).toMatchObject(expected)
      const chunked = `${method} ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nsome body\r\n0\r\n\r\n`
      const first = await server.exchange(chunked)
      expect(first).toContain(`"method":"${method}"`)
      expect(first).toContain('"body":"some body"')
    })
  }

  test('the headers of the client, but nothing of its identity or its connection', async () => {
    const { server } = await testProxy()
    const session = await server.session()
    const { text } = await http2Request(session, {
      ':path': `${pods}/web/proxy/a/`,
      authorization: 'Bearer secret',
      'impersonate-user': 'eve',
      'impersonate-group': 'system:masters',
      te: 'trailers',
      'x-own': 'kept',
      'x-forwarded-for': '192.0.2.1',
    })
    const { headers } = JSON.parse(text)
    expect(headers).toMatchObject({
      'x-own': 'kept',
      'x-forwarded-for': '192.0.2.1, 127.0.0.1',
      'x-forwarded-uri': `${pods}/web/proxy/a/`,
      host: `127.0.0.1:${server.port}`,
    })
    for (const name of ['authorization', 'impersonate-user', 'impersonate-group', 'te']) expect(headers).not.toHaveProperty(name)
  })

  test('megabytes both ways at once, and no faster than they are read', async () => {
    const { server } = await testProxy((request, response) => request.pipe(response))
    const session = await server.session()
    const stream = session.request({ ':path': `${pods}/web/proxy/`, ':method': 'POST' }, { endStream: false })
    const pieces = Array.from({ length: 640 }, () => Buffer.alloc(2 ** 16, 'x'))
    Readable.from(pieces).pipe(stream)
    await once(stream, 'response')
    let received = 0
    for await (const chunk of stream) received += chunk.length
    expect(received).toBe(640 * 2 ** 16)
    expect(server.errors).toEqual([])
  })

  test('an answer as it comes, and to the backend that the client has gone', async () => {
    const gone = Promise.withResolvers<void>()
    const { server } = await testProxy((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n')
      response.on('close', () => gone.resolve())
    })
    const session = await server.session()
    const stream = session.request({ ':path': `${pods}/web/proxy/` })
    const [chunk] = await once(stream, 'data')
    expect(String(chunk)).toBe('data: 1\n\n')
    stream.close()
    await expect(gone.promise).resolves.toBeUndefined()
    expect(server.errors).toEqual([])
  })

  test('status, headers and an empty body', async () => {
    const { get } = await testProxy((_request, response) => {
      response.writeHead(304, { etag: '"x"', 'set-cookie': ['a=1', 'b=2'], 'access-control-allow-origin': '*' }).end()
    })
    const { code, headers } = await get(`${pods}/web/proxy/`)
    expect(code).toBe(304)
    expect(headers).toMatchObject({ etag: '"x"', 'set-cookie': ['a=1', 'b=2'] })
    expect(headers).not.toHaveProperty('access-control-allow-origin')
    expect(headers).not.toHaveProperty('content-type')
  })

  test('nothing of an answer that breaks off as if it were whole', async () => {
    const { server } = await testProxy((_request, response) => {
      response.writeHead(200, { 'content-length': 10 })
      response.write('half', () => response.destroy())
    })
    const path = `${pods}/web/proxy/`
    const answer = await server.exchange(`GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`)
    expect(answer).toMatch(/content-length: 10\r\n[^]*\r\n\r\nhalf$/)
  })
})

describe('keeps the client within the proxy', () => {
  test('a path without a slash is moved to one with it', async () => {
    const { get, server } = await testProxy()
    const { code, headers } = await get(`${pods}/web/proxy?a=/b`)
    expect([code, headers.location]).toEqual([301, `${pods}/web/proxy/?a=/b`])
    const session = await server.session()
    const posted = await http2Request(session, { ':path': `${pods}/web/proxy?a=b`, ':method': 'POST' }, 'x')
    expect(JSON.parse(posted.text)).toMatchObject({ method: 'POST', url: '/?a=b', body: 'x' })
  })

  for (const { location, becomes } of [
    { location: '/login', becomes: `${pods}/web/proxy/login` },
    { location: 'http://10.108.1.2:8080/login/', becomes: `${pods}/web/proxy/login/` },
    { location: 'https://elsewhere.example/', becomes: 'https://elsewhere.example/' },
    { location: 'next', becomes: 'next' },
  ]) {
    test(`a redirect to ${location}`, async () => {
      const { get } = await testProxy((_request, response) => response.writeHead(302, { location }).end('moved'))
      expect(await get(`${pods}/web/proxy/`)).toMatchObject({ code: 302, text: 'moved', headers: { location: becomes } })
    })
  }

  const page = '<a href="/rewriteme">test</a>'
  const rewritten = `<a href="${pods}/web/proxy/rewriteme">test</a>`
  for (const { name, headers, body, becomes } of [
    { name: 'a page', headers: { 'content-type': 'text/html; charset=utf-8', 'content-length': page.length }, body: page, becomes: rewritten },
    { name: 'a compressed page', headers: { 'content-type': 'text/html', 'content-encoding': 'gzip' }, body: gzipSync(page), becomes: rewritten },
    { name: 'no page', headers: { 'content-type': 'text/plain' }, body: page, becomes: page },
    { name: 'a page in an unknown encoding', headers: { 'content-type': 'text/html', 'content-encoding': 'zip' }, body: page, becomes: page },
  ]) {
    test(`links of ${name}`, async () => {
      const { get } = await testProxy((_request, response) => response.writeHead(200, headers).end(body))
      expect((await get(`${pods}/web/proxy/`)).text).toBe(becomes)
    })
  }

  test('a compressed page that is none', async () => {
    const { server } = await testProxy((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end('not gzip'),
    )
    const stream = (await server.session()).request({ ':path': `${pods}/web/proxy/` })
    await expect(once(stream, 'end')).rejects.toThrow('NGHTTP2_INTERNAL_ERROR')
  })
})

describe('an upgrade', () => {
  const upgrade = (headers: string[] = []) =>
    [`GET ${pods}/web/proxy/ws?a=b HTTP/1.1`, 'Host: h', 'Connection: Upgrade', 'Upgrade: websocket', ...headers, '', ''].join('\r\n')

  test('joins the client with the backend, until one of them ends it', async () => {
    const { server, backend } = await testProxy()
    const asked = Promise.withResolvers<IncomingMessage>()
    backend.on('upgrade', (request, socket, head) => {
      asked.resolve(request)
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello ${head}`)
      socket.on('data', (data: Buffer) => socket.end(`got ${data}`))
    })
    const client = await server.socket()
    client.write(upgrade(['Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.c2VjcmV0, chat', 'Authorization: x']))
    const received = textOf(client)
    await new Promise((resolve) => client.once('data', resolve))
    client.write('more')
    expect(await received).toMatch(/^HTTP\/1.1 101 [^]*\r\n\r\nhello got more$/)
    const { url, headers } = await asked.promise
    expect(url).toBe('/ws?a=b')
    expect(headers).toMatchObject({ upgrade: 'websocket', 'sec-websocket-protocol': 'chat', 'x-forwarded-for': '127.0.0.1' })
    expect(headers).not.toHaveProperty('authorization')
    expect(server.errors).toEqual([])
  })

  test('breaks the backend’s side when the client breaks off', async () => {
    const { server, backend } = await testProxy()
    const closed = Promise.withResolvers<void>()
    backend.on('upgrade', (_request, socket) => {
      // It goes on talking, and takes no notice of an end.
      socket.allowHalfOpen = true
      socket.on('close', () => closed.resolve()).on('error', () => {}).resume()
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello')
      socket.write(Buffer.alloc(2 ** 20))
    })
    const client = await server.socket()
    client.write(upgrade())
    await once(client, 'data')
    client.destroy()
    await expect(closed.promise).resolves.toBeUndefined()
  })

  test('that is answered by all that was said before the end', async () => {
    const { server, backend } = await testProxy()
    const size = 8 * 2 ** 20
    backend.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
      socket.end(Buffer.alloc(size, 'x'), () => socket.destroy())
    })
    const client = await server.socket()
    client.write(upgrade())
    const [first] = (await once(client, 'data')) as [Buffer]
    client.pause()
    let received = first.length - first.indexOf('\r\n\r\n') - 4
    client.on('data', (chunk: Buffer) => (received += chunk.length))
    client.resume()
    await once(client, 'close')
    expect(received).toBe(size)
  })

  for (const { name, answer, code, says } of [
    { name: 'refused by the backend', answer: 403, code: 403, says: 'go away' },
    { name: 'not taken up by the backend', answer: 200, code: 500, says: 'invalid upgrade response: status code 200' },
  ]) {
    test(name, async () => {
      const { server } = await testProxy((_request, response) => response.writeHead(answer).end('go away'))
      const text = await server.exchange(upgrade())
      expect(text).toMatch(new RegExp(`^HTTP/1.1 ${code} [^]*${says}`))
    })
  }
})
