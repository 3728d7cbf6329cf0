import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request, type IncomingMessage, type RequestListener } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server, type ClientHttp2Session, type IncomingHttpHeaders, type IncomingHttpStatusHeader, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { rules, TestSite } from './test-site.ts'

/** What passes piece by piece: bodies of any size, trailers, answers before the answer, and calls of gRPC. */

// New backends take new processes, which wait for one another: on a busy machine that adds up.
vi.setConfig({ testTimeout: 60_000 })
const site = await TestSite.start()
afterAll(() => site[Symbol.asyncDispose]())

/** Serves the pod at `NAME.com`. */
async function serve(name: string, pod: RequestListener): Promise<void> {
  await site.service(name, { pods: [pod] })
  site.ingress(name, rules({ [`${name}.com/`]: name }))
  await site.settled()
}

function asking(host: string, options: { method?: string; headers?: Record<string, string> } = {}) {
  const { headers = {}, ...others } = options
  return request({ host: '127.0.0.1', port: site.ports.http, agent: false, headers: { host, ...headers }, ...others })
}

const piece = Buffer.alloc(1024 * 1024, 'x')
const pieces = 100

function large(): Readable {
  return Readable.from(Array.from({ length: pieces }, () => piece))
}

async function digestOf(body: AsyncIterable<unknown>): Promise<string> {
  const hash = createHash('sha256')
  for await (const part of body) hash.update(part as Buffer)
  return hash.digest('hex')
}

test.for<[string, Record<string, string>]>([
  ['of a length that is told', { 'content-length': String(pieces * piece.length) }],
  ['in chunks', { 'transfer-encoding': 'chunked' }],
])('100 MB %s go up and come back', async ([name, headers]) => {
  const host = `echo-${name.replaceAll(' ', '-')}`
  await serve(host, (incoming, response) => void incoming.pipe(response))
  const outgoing = asking(`${host}.com`, { method: 'POST', headers })
  large().pipe(outgoing)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  expect(await digestOf(response)).toBe(await digestOf(large()))
})

test('each piece of an answer comes when the pod sends it, and each of a body when the client does', async () => {
  await serve('echo', (incoming, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    incoming.pipe(response)
  })
  const outgoing = asking('echo.com', { method: 'POST', headers: { 'transfer-encoding': 'chunked' } })
  outgoing.flushHeaders()
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  response.setEncoding('utf8')
  for (const word of ['one', 'two']) {
    outgoing.write(word)
    // Nothing more is sent before this has come back.
    expect(await once(response, 'data')).toEqual([word])
  }
  outgoing.end()
  expect(await text(response)).toBe('')
})

test('trailers pass in both directions', async () => {
  await serve('trailers', (incoming, response) => {
    incoming.resume().on('end', () => {
      response.writeHead(200, { Trailer: 'X-Sum' })
      response.write('body')
      response.addTrailers({ 'X-Sum': String(incoming.trailers['x-sum']) })
      response.end()
    })
  })
  const outgoing = asking('trailers.com', { method: 'POST', headers: { 'transfer-encoding': 'chunked', trailer: 'X-Sum', te: 'trailers' } })
  outgoing.write('body')
  outgoing.addTrailers({ 'X-Sum': '42' })
  outgoing.end()
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  expect(await text(response)).toBe('body')
  expect(response.trailers).toEqual({ 'x-sum': '42' })
})

test('a pod may say early that it will take the body, and what the client will need', async () => {
  await serve('early', (incoming, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' })
    incoming.pipe(response)
  })
  const outgoing = asking('early.com', { method: 'POST', headers: { 'content-length': '4', expect: '100-continue' } })
  const hints: string[] = []
  outgoing.on('information', ({ statusCode }) => hints.push(String(statusCode)))
  outgoing.flushHeaders()
  await once(outgoing, 'continue')
  outgoing.end('body')
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  expect(await text(response)).toBe('body')
  expect(hints).toContain('103')
})

/** A pod with a method of gRPC that sends each message back, and says in trailers how it went. */
async function grpcPod(): Promise<number> {
  const server = createHttp2Server().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': String(headers[':path']) }))
    stream.on('error', () => {}).pipe(stream)
  })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

test('a call of gRPC streams in both directions, and ends with its status; many share a connection', async () => {
  await site.service('grpc', { pods: [] })
  site.endpoints('grpc', [await grpcPod()])
  site.ingress('grpc', rules({ 'grpc.com/': 'grpc' }), { annotations: { 'portolan.dev/backend-protocol': 'GRPC' } })
  await site.settled()
  const session = connectHttp2(`https://127.0.0.1:${site.ports.https}`, { servername: 'grpc.com', rejectUnauthorized: false })
  onTestFinished(() => session.destroy())
  const methods = Array.from({ length: 20 }, (_, index) => `/echo.Echo/Say-${index}`)
  const results = await Promise.all(methods.map((method) => call(session, method)))
  expect(results).toEqual(methods.map((method) => ({ status: '0', message: method })))
})

/** Resolves to how it went, as the pod said at its end. */
async function call(session: ClientHttp2Session, path: string): Promise<{ status: unknown; message: unknown }> {
  const stream = session.request(
    { ':method': 'POST', ':path': path, ':authority': 'grpc.com', 'content-type': 'application/grpc', te: 'trailers' },
    { endStream: false },
  )
  const trailers = once(stream, 'trailers')
  const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders & IncomingHttpStatusHeader]
  expect([head[':status'], head['content-type']]).toEqual([200, 'application/grpc'])
  stream.setEncoding('utf8')
  for (const message of ['one', 'two']) {
    stream.write(message)
    expect(await once(stream, 'data')).toEqual([message])
  }
  stream.end()
  stream.resume()
  const [sent] = (await trailers) as [IncomingHttpHeaders]
  return { status: sent['grpc-status'], message: sent['grpc-message'] }
}
