import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import { X509Certificate } from 'node:crypto'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { decode, encode } from 'dns-packet'
import { expect, onTestFinished, test } from 'vitest'
import { throwawayPki } from '../../base/throwaway-pki.ts'
import { answer } from './answer.ts'

const quiet = { connections: [], names: [], requests: [], dnsServer: '127.0.0.1', timeoutMs: 5_000 }

async function listener(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}))
  onTestFinished(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

async function receiver(onMessage: (message: Buffer, reply: (text: Buffer) => void) => void): Promise<number> {
  const socket = createSocket('udp4', (message, from) => onMessage(message, (text) => socket.send(text, from.port, from.address)))
  onTestFinished(() => void socket.close())
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket.address().port
}

/** A port that was free just now, of an address that nobody else uses. */
const closed = { address: '127.73.19.5', port: 9 }

test('tells connections that are made from those that are refused', async () => {
  const open = { address: '127.0.0.1', port: await listener() }
  const connections = [{ protocol: 'TCP', ...open }, { protocol: 'TCP', ...closed }] as const
  const { connections: made } = await answer({ ...quiet, connections })
  expect(made.map(({ outcome }) => outcome)).toEqual(['open', 'refused'])
})

test('of datagrams it tells only what is refused, or answered', async () => {
  const silent = await receiver(() => {})
  const echo = await receiver((message, reply) => reply(message))
  const at = (port: number) => ({ protocol: 'UDP', address: '127.0.0.1', port }) as const
  const { connections } = await answer({ ...quiet, connections: [at(silent), at(echo), { protocol: 'UDP', ...closed }] })
  expect(connections.map(({ outcome }) => outcome)).toEqual(['unanswered', 'open', 'refused'])
})

test('asks for addresses and aliases', async () => {
  const port = await receiver((message, reply) => {
    const { id = 0, questions = [] } = decode(message)
    const [{ name = '', type = 'A' } = {}] = questions
    const known = name === 'web.example'
    const answers = known && type === 'A' ? ['10.0.0.2', '10.0.0.1'].map((data) => ({ name, type: 'A' as const, data })) : []
    reply(encode({ type: 'response', id, flags: known ? 0 : 3, questions, answers }))
  })
  const { names } = await answer({ ...quiet, names: ['web.example', 'none.example'], dnsServer: `127.0.0.1:${port}` })
  expect(names).toEqual([
    { name: 'web.example', addresses: ['10.0.0.1', '10.0.0.2'] },
    { name: 'none.example', addresses: [], error: 'ENOTFOUND' },
  ])
})

async function listening(server: Server): Promise<number> {
  onTestFinished(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

test('asks as a client of a host does, and tells status, body and certificate', async () => {
  const { server: { cert, key } } = await throwawayPki()
  const say: http.RequestListener = ({ headers, url }, response) => void response.writeHead(404).end(`${headers.host} ${url} ${'x'.repeat(1_000)}`)
  const plain = await listening(http.createServer(say))
  const encrypted = await listening(https.createServer({ cert, key }, say))
  const mute = await listening(createServer((socket) => socket.on('error', () => {}).end('what?')))
  const silent = await listening(createServer((socket) => socket.on('error', () => {})))
  const request = { address: '127.0.0.1', host: 'web.example', path: '/a' }
  const { requests } = await answer({ ...quiet, timeoutMs: 1_000, requests: [
    { ...request, scheme: 'http', port: plain },
    { ...request, scheme: 'https', port: encrypted },
    { ...request, scheme: 'http', port: mute },
    { ...request, scheme: 'http', ...closed },
    { ...request, scheme: 'http', port: silent },
  ] })
  const body = expect.stringMatching(/^web\.example \/a x{50,}$/)
  expect(requests).toMatchObject([
    { status: 404, body },
    { status: 404, body, fingerprint: new X509Certificate(cert).fingerprint256 },
    { error: 'HPE_INVALID_CONSTANT', isConnected: true },
    { error: 'ECONNREFUSED', isConnected: false },
    { error: 'no answer in time', isConnected: true },
  ])
  expect(requests[0]?.body).toHaveLength(300)
})

test('a datagram that has no way is unreachable, and harms no other attempt', async () => {
  // Of a broadcast the kernel wants to be asked for, so that it refuses to connect and sends nothing.
  const broadcast = { protocol: 'UDP', address: '255.255.255.255', port: 9 } as const
  const { connections } = await answer({ ...quiet, connections: [broadcast, { protocol: 'TCP', ...closed }] })
  expect(connections.map(({ outcome }) => outcome)).toEqual(['unreachable', 'refused'])
})
