import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { throwawayPki } from '../../base/throwaway-pki.ts'
import { httpGet, HttpGetFailed, type HttpGet } from './http-get.ts'

/** Resolves to its port. */
async function serve(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

function site(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  onTestFinished(() => server.closeAllConnections())
  return serve(server)
}

const ask = (port: number, more: Partial<HttpGet> = {}) =>
  httpGet({ host: '127.0.0.1', port, userAgent: 'kube-probe/1.36', timeoutSeconds: 15, ...more })

interface SentCase {
  readonly name: string
  readonly more: Partial<HttpGet>
  readonly sent?: readonly string[]
  readonly lacks?: readonly string[]
}

describe('what is sent', () => {
  const header = (name: string, value: string) => ({ name, value })
  const plain = ['Host', '127.0.0.1', 'user-agent', 'kube-probe/1.36', 'accept', '*/*', 'connection', 'close']
  const cases: readonly SentCase[] = [
    { name: 'nothing special', more: {}, sent: plain },
    { name: 'a header of several values', more: { httpHeaders: [header('X-A', '1'), header('x-a', '2')] }, sent: ['x-a', '1', 'x-a', '2'] },
    { name: 'another host', more: { httpHeaders: [header('Host', 'kubia.example.com')] }, sent: ['host', 'kubia.example.com'] },
    { name: 'its own name', more: { httpHeaders: [header('User-Agent', 'me')] }, sent: ['user-agent', 'me'] },
    { name: 'no Accept if that is empty', more: { httpHeaders: [header('Accept', '')] }, lacks: ['accept'] },
  ]
  for (const { name, more, sent = [], lacks = [] } of cases) {
    test(name, async () => {
      let raw: string[] = []
      const port = await site((request, response) => {
        raw = request.rawHeaders.map((word) => word.replace(/:\d+$/, ''))
        response.end()
      })
      await ask(port, more)
      expect(raw).toEqual(expect.arrayContaining([...sent]))
      expect(raw.filter((word) => lacks.includes(word))).toEqual([])
    })
  }

  test('the path, with or without its slash, and its query', async () => {
    const paths: (string | undefined)[] = []
    const port = await site((request, response) => {
      paths.push(request.url)
      response.end()
    })
    for (const path of ['/a?b=c', 'x', undefined]) await ask(port, path === undefined ? {} : { path })
    expect(paths).toEqual(['/a?b=c', '/x', '/'])
  })
})

describe('what comes back', () => {
  for (const status of [200, 204, 404, 500]) {
    test(`${status}`, async () => {
      const port = await site((_request, response) => response.writeHead(status).end())
      expect(await ask(port)).toMatchObject({ status })
    })
  }

  test('the head is enough of an answer that does not end', async () => {
    const port = await site((_request, response) => response.writeHead(200).flushHeaders())
    expect(await ask(port)).toMatchObject({ status: 200 })
  })

  test('over TLS, whoever has signed', async () => {
    const { server } = await throwawayPki()
    const port = await serve(createTlsServer(server, (_request, response) => void response.writeHead(201).end()))
    expect(await ask(port, { scheme: 'HTTPS' })).toMatchObject({ status: 201 })
  })
})

describe('redirects', () => {
  const redirecting = (location: string, status = 302) =>
    site((request, response) => {
      if (request.url === '/there') response.writeHead(200).end()
      else response.writeHead(status, { location }).end('elsewhere')
    })

  for (const { name, location, answer } of [
    { name: 'on the host are followed', location: '/there', answer: { status: 200, body: '' } },
    { name: 'to another host are not', location: 'http://kubia.example.com/', answer: { status: 302, body: 'elsewhere' } },
  ]) {
    test(name, async () => expect(await ask(await redirecting(location))).toMatchObject(answer))
  }

  test('without a place to go, or of another kind, are answers', async () => {
    expect(await ask(await redirecting('/there', 300))).toMatchObject({ status: 300 })
  })

  test('are not followed for ever', async () => {
    const port = await redirecting('/again')
    const why = `Get "http://127.0.0.1:${port}/again": stopped after 10 redirects`
    await expect(ask(port)).rejects.toThrow(new HttpGetFailed(why))
  })
})

describe('no answer', () => {
  test('in time', async () => {
    const port = await site(() => {})
    const late = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    await expect(ask(port, { timeoutSeconds: 0.05 })).rejects.toThrow(`Get "http://127.0.0.1:${port}/": ${late}`)
  })

  test('because nobody listens', async () => {
    await expect(ask(1)).rejects.toThrow('Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused')
  })

  test('because the peer hangs up', async () => {
    const port = await serve(createTcpServer((socket) => socket.on('data', () => socket.end())))
    await expect(ask(port)).rejects.toThrow(`Get "http://127.0.0.1:${port}/": EOF`)
  })

  test('because the peer knows no TLS', async () => {
    const port = await site((_request, response) => void response.end())
    const why = 'http: server gave HTTP response to HTTPS client'
    await expect(ask(port, { scheme: 'HTTPS' })).rejects.toThrow(`Get "https://127.0.0.1:${port}/": ${why}`)
  })

  test('because a header cannot be sent', async () => {
    await expect(ask(1, { httpHeaders: [{ name: 'a b', value: '' }] })).rejects.toThrow(HttpGetFailed)
  })
})
