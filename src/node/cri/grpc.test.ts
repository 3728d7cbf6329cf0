import { mkdtemp, rm } from 'node:fs/promises'
import http2 from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { encode, message, one } from './codec.ts'
import { frame } from './grpc-frame.ts'
import { GrpcClient, unixPeer } from './grpc.ts'

const text = message({ text: one(1, 'string') })
const method = { path: '/test.Service/Call', request: text, response: text }
const answer = (value: string) => Buffer.from(frame(encode(text, { text: value })))

type Stream = http2.ServerHttp2Stream
type Handler = (stream: Stream, headers: http2.IncomingHttpHeaders) => void

/** A peer that does what the handler says, and a client of it. */
async function peer(handler: Handler) {
  const directory = await mkdtemp(join(tmpdir(), 'grpc-'))
  const path = join(directory, 's')
  const client = new GrpcClient(unixPeer(path))
  const running = await serve(path, handler)
  onTestFinished(async () => {
    client.close()
    await running.close()
    await rm(directory, { recursive: true })
  })
  return { client, path, ...running }
}

async function serve(path: string, handler: Handler) {
  const sessions = new Set<http2.ServerHttp2Session>()
  const server = http2.createServer().on('session', (session) => sessions.add(session))
  // A call that was cancelled is an error here; the client's side of it is what the tests look at.
  server.on('stream', (stream: Stream, headers: http2.IncomingHttpHeaders) => {
    stream.on('error', () => {})
    handler(stream, headers)
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return {
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const session of sessions) session.destroy()
      }),
  }
}

const ok: http2.OutgoingHttpHeaders = { 'grpc-status': '0' }

/** Answers with these bytes, then with the trailers. */
function respond(stream: Stream, chunks: readonly Buffer[], trailers: http2.OutgoingHttpHeaders): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  for (const chunk of chunks) stream.write(chunk)
  stream.end()
}

test('sends the request and reads the answer, however it is cut', async () => {
  const { client } = await peer((stream, headers) => {
    const received: Buffer[] = []
    stream.on('data', (chunk: Buffer) => received.push(chunk))
    stream.on('end', () => {
      const told = [headers['content-type'], headers.te, headers['grpc-timeout']]
      const echoed = [...told, Buffer.concat(received).toString('hex')].join(' ')
      respond(stream, [...answer(echoed)].map((byte) => Buffer.of(byte)), ok)
    })
  })
  const sent = Buffer.from(frame(encode(text, { text: 'hello' }))).toString('hex')
  expect(await client.unary(method, { text: 'hello' }, { timeoutMs: 15_000 })).toEqual({
    text: `application/grpc trailers 15000m ${sent}`,
  })
})

test('yields messages as they come, several in one piece too', async () => {
  const pieces = [Buffer.concat([answer('a'), answer('b')]), answer('c')]
  const { client } = await peer((stream) => respond(stream, pieces, ok))
  const seen = await Array.fromAsync(client.serverStream(method, {}))
  expect(seen.map((each) => each.text)).toEqual(['a', 'b', 'c'])
})

for (const { name, reply, code, text: said } of [
  {
    name: 'a status in the trailers',
    reply: (stream: Stream) =>
      respond(stream, [], { 'grpc-status': '5', 'grpc-message': 'gr%C3%B6%C3%9Fer%25' }),
    code: 'NOT_FOUND',
    text: 'größer%',
  },
  {
    name: 'a status without a body',
    reply: (stream: Stream) =>
      stream.respond({ ':status': 200, 'grpc-status': '12', 'grpc-message': 'bad % encoding' }, { endStream: true }),
    code: 'UNIMPLEMENTED',
    text: 'bad % encoding',
  },
  {
    name: 'a peer that does not speak gRPC',
    reply: (stream: Stream) => stream.respond({ ':status': 502 }, { endStream: true }),
    code: 'UNKNOWN',
    text: 'HTTP status 502',
  },
  {
    name: 'an answer without a message',
    reply: (stream: Stream) => respond(stream, [], ok),
    code: 'INTERNAL',
    text: '/test.Service/Call: answer without a message',
  },
  {
    name: 'an answer that cannot be read',
    reply: (stream: Stream) => respond(stream, [Buffer.from([1, 0, 0, 0, 0])], ok),
    code: 'INTERNAL',
    text: 'unreadable answer: Error: compressed message',
  },
  {
    name: 'a connection that ends in the middle',
    reply: (stream: Stream) => stream.session?.destroy(),
    code: 'UNAVAILABLE',
    text: undefined,
  },
]) {
  test(`${name} fails the call with ${code}`, async () => {
    const { client } = await peer(reply)
    await expect(client.unary(method, {})).rejects.toMatchObject({
      name: 'RuntimeError',
      code,
      ...(said === undefined ? {} : { message: said }),
    })
  })
}

test('gives up when the time is over, and tells the peer', async () => {
  const cancelled = Promise.withResolvers<void>()
  const { client } = await peer((stream) => stream.on('close', () => cancelled.resolve()))
  await expect(client.unary(method, {}, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
  await cancelled.promise
})

test('gives up when the signal aborts, before the call or during it', async () => {
  const called = Promise.withResolvers<void>()
  const { client } = await peer(() => called.resolve())
  await expect(client.unary(method, {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' })
  const abort = new AbortController()
  const call = client.unary(method, {}, { signal: abort.signal })
  void called.promise.then(() => abort.abort())
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED' })
})

test('leaving the loop cancels the call', async () => {
  const cancelled = Promise.withResolvers<void>()
  const { client } = await peer((stream) => {
    stream.on('close', () => cancelled.resolve())
    stream.respond({ ':status': 200 })
    stream.write(answer('first'))
  })
  for await (const each of client.serverStream(method, {})) {
    expect(each.text).toBe('first')
    break
  }
  await cancelled.promise
})

test('connects again after the peer went away', async () => {
  const handler: Handler = (stream) => respond(stream, [answer('again')], ok)
  const { client, path, close } = await peer(handler)
  await client.unary(method, {})
  await close()
  await expect(client.unary(method, {})).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  const revived = await serve(path, handler)
  onTestFinished(() => revived.close())
  expect(await client.unary(method, {})).toEqual({ text: 'again' })
})

test('closing breaks off calls and refuses later ones', async () => {
  const called = Promise.withResolvers<void>()
  const { client } = await peer(() => called.resolve())
  const call = client.unary(method, {})
  void called.promise.then(() => client.close())
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED' })
  await expect(client.unary(method, {})).rejects.toMatchObject({ code: 'CANCELLED' })
})
