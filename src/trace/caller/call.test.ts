import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { X509Certificate } from 'node:crypto'
import { createServer as createTlsServer } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { throwawayPki } from '../../base/throwaway-pki.ts'
import { asking, parseTarget } from '../target.ts'
import { call } from './call.ts'
import type { Report } from './messages.ts'

const here = '127.0.0.1'

async function reports(target: string, timeoutMs = 5_000): Promise<readonly Report[]> {
  const told: Report[] = []
  await call({ target: parseTarget(target), timeoutMs }, async () => {}, (report) => told.push(report))
  return told
}

async function listening(server: Server | HttpServer): Promise<number> {
  onTestFinished(() => void server.close())
  await once(server.listen(0, here), 'listening')
  return (server.address() as AddressInfo).port
}

test('says between whom the connection will be before it makes it', async () => {
  const arrived: (number | undefined)[] = []
  const port = await listening(createServer((socket) => void arrived.push(socket.remotePort)))
  const [asked, bound, done] = await reports(`tcp://${here}:${port}`)
  expect(asked).toEqual({ report: 'asked', questions: [] })
  expect(bound).toMatchObject({ report: 'bound', source: { address: here }, destination: { address: here, port } })
  expect(done).toMatchObject({ report: 'done', outcome: { result: 'connected', connectMs: expect.any(Number) } })
  await expect.poll(() => arrived).toEqual([bound?.report === 'bound' ? bound.source.port : 0])
})

test('asks for a path and tells of the answer', async () => {
  const paths: (string | undefined)[] = []
  const server = createHttpServer((request, response) => {
    paths.push(request.url, request.headers.host)
    response.writeHead(404).end('nothing here\nmore\n')
  })
  const port = await listening(server)
  onTestFinished(() => server.closeAllConnections())
  const told = await reports(`http://${here}:${port}/a?b`)
  expect(told.map(({ report }) => report)).toEqual(['asked', 'bound', 'connected', 'done'])
  expect(told.at(-1)).toMatchObject({ outcome: { result: 'answered', answer: 'HTTP 404 Not Found', body: 'nothing here', answerMs: expect.any(Number) } })
  expect(paths).toEqual(['/a?b', `${here}:${port}`])
})

test('agrees on TLS with the name of the host, and looks at the certificate', async () => {
  const { server } = await throwawayPki()
  const names: unknown[] = []
  const secured = createTlsServer({ ...server, ALPNProtocols: ['http/1.1'] }, (socket) => {
    names.push(socket.servername, socket.alpnProtocol)
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')
  })
  const port = await listening(secured)
  const told: Report[] = []
  await call({ target: asking(parseTarget(`https://${here}:${port}`), 'kubia.example.com'), timeoutMs: 5_000 }, async () => {}, (report) => told.push(report))
  const tls = { sni: 'kubia.example.com', version: 'TLSv1.3', certificate: { subject: 'server', issuer: 'throwaway', names: [here], fingerprint: new X509Certificate(server.cert).fingerprint256 } }
  expect(told.at(-1)).toMatchObject({ outcome: { result: 'answered', answer: 'HTTP 200 OK', body: 'hi', tls } })
  expect(names).toEqual(['kubia.example.com', 'http/1.1'])
})

test('a server that speaks no TLS is said to', async () => {
  const port = await listening(createServer((socket) => socket.on('error', () => {}).end('hello')))
  expect((await reports(`https://${here}:${port}`)).at(-1)).toMatchObject({ outcome: { result: 'connected', code: expect.stringMatching(/SSL/) } })
})

test('a connection that is made but brings no answer says so', async () => {
  const port = await listening(createServer((socket) => socket.on('data', () => socket.destroy())))
  expect((await reports(`http://${here}:${port}`)).at(-1)).toMatchObject({ outcome: { result: 'connected', code: 'ECONNRESET' } })
})

test('tells what is refused', async () => {
  expect((await reports('tcp://127.73.19.5:9')).at(-1)).toMatchObject({ outcome: { result: 'refused', code: 'ECONNREFUSED' } })
  expect((await reports('udp://127.73.19.5:9')).at(-1)).toMatchObject({ outcome: { result: 'refused', code: 'ECONNREFUSED' } })
})

test('of datagrams tells the answer, or that none came', async () => {
  const socket = createSocket('udp4', (message, from) => socket.send(message.length === 0 ? 'hello' : '', from.port, from.address))
  onTestFinished(() => void socket.close())
  await once(socket.bind(0, here), 'listening')
  expect((await reports(`udp://${here}:${socket.address().port}`)).at(-1)).toMatchObject({ outcome: { result: 'answered', answer: '5 bytes' } })
  const silent = createSocket('udp4')
  onTestFinished(() => void silent.close())
  await once(silent.bind(0, here), 'listening')
  expect((await reports(`udp://${here}:${silent.address().port}`, 50)).at(-1)).toMatchObject({ outcome: { result: 'unanswered' } })
})

test('a name without a resolver has no address', async () => {
  expect(await reports('tcp://kubia:80')).toEqual([
    { report: 'asked', questions: [] },
    { report: 'done', outcome: { result: 'no address' } },
  ])
})
