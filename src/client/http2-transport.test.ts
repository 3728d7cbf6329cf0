import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../base/manual-clock.ts'
import { ConnectionError } from './client.ts'
import { http2Transport, type Http2Options, type Http2Transport } from './http2-transport.ts'
import { throwawayPki, type ThrowawayPki } from './throwaway-pki.ts'
import type { TransportRequest } from './transport.ts'

type Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void

let pki: ThrowawayPki
let server: Http2SecureServer
let sessions: ServerHttp2Session[]
let handle: Handler
let clock: ManualClock
let transports: Http2Transport[]

beforeAll(async () => {
  pki = await throwawayPki()
})

beforeEach(async () => {
  clock = new ManualClock()
  transports = []
  handle = (_, response) => response.end('{}')
  await start()
})

afterEach(async () => {
  for (const transport of transports) await transport.close()
  await stop()
})

async function start(port = 0): Promise<void> {
  sessions = []
  server = createSecureServer({ ...pki.server, ca: pki.ca, requestCert: true, rejectUnauthorized: false })
  server.on('session', (session) => {
    sessions.push(session)
    // Sessions that a test breaks say so; the client's view is what is asserted.
    session.on('error', () => {})
  })
  server.on('request', (request, response) => handle(request, response))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}

async function stop(): Promise<void> {
  for (const session of sessions) session.destroy()
  await new Promise((resolve) => server.close(resolve))
}

function port(): number {
  return (server.address() as AddressInfo).port
}

function open(options: Partial<Http2Options> = {}) {
  const transport = http2Transport({ server: `https://127.0.0.1:${port()}`, ca: pki.ca, clock, ...options })
  transports.push(transport)
  return transport
}

async function textOf(body: AsyncIterable<string>): Promise<string> {
  const pieces: string[] = []
  for await (const piece of body) pieces.push(piece)
  return pieces.join('')
}

function get(path: string, signal?: AbortSignal): TransportRequest {
  return { method: 'GET', path, ...(signal === undefined ? {} : { signal }) }
}

test('sends method, path, type, body and token, and gives status and body back', async () => {
  handle = async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece)
    const { method, url, headers } = request
    response.statusCode = 201
    const body = Buffer.concat(pieces).toString()
    response.end(JSON.stringify([method, url, headers['content-type'], headers.authorization, body]))
  }
  const request = open({ token: 'secret' })
  const sent = { method: 'POST', path: '/api/v1/pods?x=1', contentType: 'application/json', body: '{"é":1}' } as const
  const answer = await request(sent)
  expect(answer.status).toBe(201)
  const expected = [sent.method, sent.path, sent.contentType, 'Bearer secret', sent.body]
  expect(JSON.parse(await textOf(answer.body))).toEqual(expected)
})

test('shows its client certificate', async () => {
  handle = (request, response) => {
    const socket = request.stream.session?.socket as TLSSocket
    response.end(JSON.stringify([socket.authorized, socket.getPeerCertificate().subject]))
  }
  const { body } = await open(pki.client)(get('/'))
  expect(JSON.parse(await textOf(body))).toEqual([true, { CN: 'tester', O: 'testers' }])
})

test('requests after a renewal show the new certificate, and what is under way goes on', async () => {
  const [first, second] = [await pki.issue('CN=first'), await pki.issue('CN=second')]
  let pair = first
  const transport = open({ pair: () => pair })
  handle = (request, response) => {
    const socket = request.stream.session?.socket as TLSSocket
    response.write(String(socket.getPeerCertificate().subject.CN))
    if (request.url === '/watch') watch = response
    else response.end()
  }
  let watch: Http2ServerResponse | undefined
  const shown = async () => textOf((await transport(get('/'))).body)
  expect(await shown()).toBe('first')
  const { body } = await transport(get('/watch'))
  pair = second
  expect([await shown(), await shown()]).toEqual(['second', 'second'])
  expect(sessions).toHaveLength(2)
  const [old] = sessions
  watch?.end(' goes on')
  expect(await textOf(body)).toBe('first goes on')
  await expect.poll(() => old?.closed).toBe(true)
})

test('decodes text across the borders of pieces', async () => {
  handle = (_, response) => {
    const bytes = Buffer.from('漢字🙂')
    response.write(bytes.subarray(0, 4))
    setImmediate(() => response.end(bytes.subarray(4)))
  }
  expect(await textOf((await open()(get('/'))).body)).toBe('漢字🙂')
})

test('sends many requests over one connection', async () => {
  const request = open()
  await Promise.all(Array.from({ length: 50 }, async () => textOf((await request(get('/'))).body)))
  expect(sessions).toHaveLength(1)
})

test('connects anew after the connection broke', async () => {
  const request = open()
  await textOf((await request(get('/'))).body)
  const address = port()
  await stop()
  await expect.poll(async () => request(get('/')).catch((error: unknown) => error)).toBeInstanceOf(ConnectionError)
  await start(address)
  const { status } = await request(get('/'))
  expect(status).toBe(200)
})

test('a broken connection ends the streams on it with ConnectionError', async () => {
  handle = (_, response) => response.write('{"a":1}\n')
  const { body } = await open()(get('/watch'))
  const pieces: string[] = []
  const reading = (async () => {
    for await (const piece of body) {
      pieces.push(piece)
      for (const session of sessions) session.destroy()
    }
  })()
  await expect(reading).rejects.toBeInstanceOf(ConnectionError)
  expect(pieces).toEqual(['{"a":1}\n'])
})

test('after GOAWAY streams go on, and new requests take a new connection', async () => {
  let watching: Http2ServerResponse | undefined
  handle = (request, response) => {
    if (request.url !== '/watch') return response.end('{}')
    watching = response
    response.write('one')
  }
  const request = open()
  const { body } = await request(get('/watch'))
  const pieces = body[Symbol.asyncIterator]()
  expect(await pieces.next()).toEqual({ done: false, value: 'one' })
  sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR)
  await expect
    .poll(async () => {
      await textOf((await request(get('/'))).body)
      return sessions.length
    })
    .toBe(2)
  watching?.end('two')
  expect(await pieces.next()).toEqual({ done: false, value: 'two' })
  expect(await pieces.next()).toEqual({ done: true, value: undefined })
})

test('sends a refused request once more', async () => {
  let refused = 0
  handle = (request, response) => {
    if (refused++ > 0) return response.end('{"second":true}')
    request.stream.close(constants.NGHTTP2_REFUSED_STREAM)
  }
  const { body } = await open()(get('/'))
  expect(await textOf(body)).toBe('{"second":true}')
})

test('an aborted request ends with the reason, and its stream with it', async () => {
  const arrived = Promise.withResolvers<Http2ServerRequest>()
  handle = (request) => arrived.resolve(request)
  const ending = new AbortController()
  const failure = open()(get('/never', ending.signal)).catch((error: unknown) => error)
  const { stream } = await arrived.promise
  stream.on('error', () => {})
  ending.abort(new Error('enough'))
  expect(await failure).toMatchObject({ message: 'enough' })
  await expect.poll(() => stream.rstCode).toBe(constants.NGHTTP2_CANCEL)
  await expect(open()(get('/', ending.signal))).rejects.toThrow('enough')
})

test('an abort does not wait for the connection', async () => {
  await withTcpServer(() => {}, async (address, accepted) => {
    const ending = new AbortController()
    const failure = open({ server: address })(get('/', ending.signal)).catch((error: unknown) => error)
    await expect.poll(() => accepted.length).toBe(1)
    ending.abort(new Error('enough'))
    expect(await failure).toMatchObject({ message: 'enough' })
  })
})

test('an abort in mid-stream cancels it at the server', async () => {
  const closed = Promise.withResolvers<number>()
  handle = (request, response) => {
    request.stream.once('close', () => closed.resolve(request.stream.rstCode))
    request.stream.on('error', () => {})
    response.write('one')
  }
  const ending = new AbortController()
  const { body } = await open()(get('/watch', ending.signal))
  const reading = (async () => {
    for await (const _ of body) ending.abort(new Error('enough'))
  })()
  await expect(reading).rejects.toThrow('enough')
  expect(await closed.promise).toBe(constants.NGHTTP2_CANCEL)
})

test('leaving the body cancels the stream at the server', async () => {
  const closed = Promise.withResolvers<void>()
  handle = (request, response) => {
    request.stream.once('close', () => closed.resolve())
    request.stream.on('error', () => {})
    response.write('one')
  }
  const { body } = await open()(get('/watch'))
  for await (const piece of body) {
    expect(piece).toBe('one')
    break
  }
  await closed.promise
})

/** A TCP server on loopback and what it has accepted, closed again at the end of `use`. */
async function withTcpServer(
  onConnection: (socket: Socket) => void,
  use: (address: string, accepted: readonly Socket[]) => Promise<void>,
): Promise<void> {
  const accepted: Socket[] = []
  const tcp: Server = createServer((socket) => {
    accepted.push(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  tcp.listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  try {
    await use(`https://127.0.0.1:${(tcp.address() as AddressInfo).port}`, accepted)
  } finally {
    for (const socket of accepted) socket.destroy()
    tcp.close()
  }
}

test('is closed at once although the server has not taken the connection yet', async () => {
  await withTcpServer(
    () => {},
    async (address) => {
      const transport = http2Transport({ server: address, ca: pki.ca, clock })
      const asking = transport({ method: 'GET', path: '/' })
      // Nobody moves the clock: only closing can end it.
      await Promise.all([expect(asking).rejects.toThrow(ConnectionError), transport.close()])
    },
  )
})

test('gives up a peer that does not answer pings', async () => {
  handle = (_, response) => response.write('one')
  const relay = (socket: Socket) => {
    const upstream = connect(port(), '127.0.0.1').on('error', () => {})
    socket.pipe(upstream).pipe(socket)
    socket.once('close', () => upstream.destroy())
  }
  await withTcpServer(relay, async (address, accepted) => {
    const { body } = await open({ server: address, pingEveryMs: 1000, pingTimeoutMs: 500 })(get('/watch'))
    const pieces = body[Symbol.asyncIterator]()
    await pieces.next()
    clock.advance(1000)
    await expect.poll(() => clock.nextTimerMs).toBe(1000) // answered, and the next one is set
    for (const socket of accepted) socket.unpipe()
    clock.advance(1000)
    clock.advance(500)
    await expect(pieces.next()).rejects.toThrow('does not answer pings')
  })
})

test('gives up a server that accepts but does not speak', async () => {
  await withTcpServer(() => {}, async (address, accepted) => {
    const failure = open({ server: address })(get('/')).catch((error: unknown) => error)
    await expect.poll(() => accepted.length).toBe(1)
    clock.advance(10_000)
    const message = expect.stringContaining('timed out connecting')
    expect(await failure).toMatchObject({ name: 'ConnectionError', message })
  })
})

test('gives up an address that nobody answers at, and tries again: a cable that is out may be in by then', async () => {
  await using silent = await silentServer()
  const attempt = () => open({ server: silent.address })(get('/')).catch((error: unknown) => error)
  const failure = attempt()
  await expect.poll(() => clock.nextTimerMs).toBe(10_000)
  clock.advance(10_000)
  expect(await failure).toMatchObject({ name: 'ConnectionError', message: expect.stringContaining('timed out connecting') })
  const closing = attempt()
  await transports.at(-1)?.close()
  expect(await closing).toBeInstanceOf(ConnectionError)
})

/** A program that stands still, with so many connections that the kernel takes no more: it drops whoever comes. */
async function silentServer(): Promise<AsyncDisposable & { readonly address: string }> {
  const listen = "require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port) })"
  const program = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(program.stdout.setEncoding('utf8'), 'data')) as [string]
  program.kill('SIGSTOP')
  const waiting = Array.from({ length: 4 }, () => connect(Number(line), '127.0.0.1').on('error', () => {}))
  await Promise.all(waiting.slice(0, 2).map((socket) => once(socket, 'connect')))
  return {
    address: `https://127.0.0.1:${line.trim()}`,
    async [Symbol.asyncDispose]() {
      for (const socket of waiting) socket.destroy()
      const ended = once(program, 'exit')
      program.kill('SIGKILL')
      await ended
    },
  }
}

for (const { name, options, message } of [
  { name: 'nobody listens', options: () => ({ server: 'https://127.0.0.1:1' }), message: 'ECONNREFUSED' },
  { name: 'the certificate is not trusted', options: () => ({ ca: pki.client.cert }), message: /certificate/ },
]) {
  test(`says what is wrong when ${name}`, async () => {
    const answer = open(options())(get('/'))
    await expect(answer).rejects.toBeInstanceOf(ConnectionError)
    await expect(answer).rejects.toThrow(message)
  })
}

test('a server may have another name, and be taken at its word', async () => {
  await expect(open({ serverName: 'kubernetes' })(get('/'))).rejects.toThrow(/altnames/)
  const distrusted = { ca: pki.client.cert, serverName: 'kubernetes' }
  expect(await open({ ...distrusted, insecure: true })(get('/'))).toMatchObject({ status: 200 })
})

test('each request has the token of its time', async () => {
  const seen: (string | undefined)[] = []
  handle = ({ headers }, response) => {
    seen.push(headers.authorization)
    response.end('{}')
  }
  let token = 'old'
  const request = open({ token: () => token })
  await request(get('/'))
  token = 'new'
  await request(get('/'))
  expect(seen).toEqual(['Bearer old', 'Bearer new'])
})

test('refuses addresses that are not https', () => {
  expect(() => http2Transport({ server: 'http://127.0.0.1', clock })).toThrow('must be https://')
})
