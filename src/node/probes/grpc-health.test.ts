import { once } from 'node:events'
import http2 from 'node:http2'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { decode, encode, message, one } from '../cri/codec.ts'
import { frame, FrameReader } from '../cri/grpc-frame.ts'
import { grpcHealth } from './grpc-health.ts'

const request = message({ service: one(1, 'string') })
const response = message({ status: one(1, 'int32') })

interface Asked {
  readonly headers: http2.IncomingHttpHeaders
  readonly service: string
}

type Answer = { readonly status: number } | { readonly grpcStatus: number; readonly message: string } | 'nothing'

async function listening(server: Server | http2.Http2Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** A server that speaks gRPC over plain TCP, and what it was asked. */
async function healthServer(answer: Answer): Promise<{ port: number; asked: Asked[] }> {
  const asked: Asked[] = []
  const server = http2.createServer()
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.on('error', () => {})
    const frames = new FrameReader()
    stream.on('data', (chunk: Buffer) => {
      for (const bytes of frames.push(chunk)) asked.push({ headers, service: decode(request, bytes).service })
    })
    stream.on('end', () => reply(stream, answer))
  })
  const sessions = new Set<http2.ServerHttp2Session>()
  server.on('session', (session) => sessions.add(session))
  onTestFinished(() => sessions.forEach((session) => session.destroy()))
  return { port: await listening(server), asked }
}

function reply(stream: http2.ServerHttp2Stream, answer: Answer): void {
  if (answer === 'nothing') return
  const [code, text] = 'status' in answer ? ['0', ''] : [String(answer.grpcStatus), answer.message]
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': code, 'grpc-message': text }))
  if ('status' in answer) stream.write(frame(encode(response, answer)))
  stream.end()
}

const probe = (port: number, service = '', timeoutSeconds = 15) =>
  grpcHealth({ host: '127.0.0.1', port, service, timeoutSeconds })

test('a server that serves; the service is named to it', async () => {
  const { port, asked } = await healthServer({ status: 1 })
  expect(await probe(port, 'kubia')).toEqual({ result: 'success' })
  expect(asked).toMatchObject([
    {
      service: 'kubia',
      headers: {
        ':path': '/grpc.health.v1.Health/Check',
        ':authority': `127.0.0.1:${port}`,
        'user-agent': 'kube-probe/1.36',
      },
    },
  ])
})

for (const { name, answer, message: said } of [
  { name: 'that does not serve', answer: { status: 2 }, message: 'service unhealthy (responded with "NOT_SERVING")' },
  { name: 'that does not know', answer: { status: 0 }, message: 'service unhealthy (responded with "UNKNOWN")' },
  {
    name: 'without the protocol',
    answer: { grpcStatus: 12, message: 'unknown service' },
    message: 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service',
  },
  {
    name: 'that does not have the service',
    answer: { grpcStatus: 5, message: 'unknown service' },
    message: 'error: health rpc probe failed: rpc error: code = NotFound desc = unknown service',
  },
]) {
  test(`a server ${name}`, async () => {
    const { port } = await healthServer(answer)
    expect(await probe(port)).toEqual({ result: 'failure', message: said })
  })
}

test('a server that does not answer in time', async () => {
  const { port } = await healthServer('nothing')
  const said = 'timeout: health rpc did not complete within 0.1s'
  expect(await probe(port, '', 0.1)).toEqual({ result: 'failure', message: said })
})

test('a port that nobody listens on', async () => {
  const why = 'error: failed to connect service at "127.0.0.1:1": dial tcp 127.0.0.1:1: connect: connection refused'
  expect(await probe(1)).toEqual({ result: 'failure', message: why })
})

test('a server that speaks something else', async () => {
  const port = await listening(createTcpServer((socket) => socket.on('error', () => {}).end('SSH-2.0-x\r\n')))
  const outcome = await probe(port)
  expect(outcome).toMatchObject({
    result: 'failure',
    message: expect.stringContaining('error: health rpc probe failed: rpc error: code = Unavailable desc = '),
  })
})
