import { EventEmitter, once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { leadTcp } from '../dataplane/published/tcp-port.ts'
import { connectionsOf, listenOn, receivePublished } from './listeners.ts'

let server: Server
let clients: Socket[]
beforeEach(async () => {
  clients = []
  server = createServer()
})
afterEach(async () => {
  for (const client of clients) client.destroy()
  await new Promise((resolve) => server.close(resolve))
})

async function connectClient(said: string): Promise<Socket> {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  clients.push(client)
  await once(client, 'connect')
  client.write(said)
  return client
}

test('who comes early is served later, with what it said; who has gone by then is forgotten', async () => {
  const connections = connectionsOf(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const accepted: Socket[] = []
  server.on('connection', (socket) => accepted.push(socket))
  await connectClient('early')
  const gone = await connectClient('gone')
  await expect.poll(() => accepted.length).toBe(2)
  gone.resetAndDestroy()
  await expect.poll(() => accepted.filter(({ destroyed }) => destroyed).length).toBe(1)

  const taken: Socket[] = []
  connections((socket) => taken.push(socket))
  await connectClient('late')
  await expect.poll(() => taken.length).toBe(2)
  const said = taken.map(async (socket) => String(socket.read() ?? (await once(socket, 'data'))[0]))
  expect(await Promise.all(said)).toEqual(['early', 'late'])
  for (const socket of taken) socket.destroy()
})

test('who connects to a published port before it is known where it leads waits, until it is not published any more', async () => {
  const supervisor = new EventEmitter()
  const lead = receivePublished(supervisor)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const port = { protocol: 'TCP', namespace: 'default', service: 'web', port: 80, hostPort: 8080 }
  supervisor.emit('message', { published: port }, server)
  const accepted: Socket[] = []
  server.on('connection', (socket) => accepted.push(socket))
  const early = await connectClient('early')
  await expect.poll(() => accepted.length).toBe(1)
  const ended: unknown[] = []
  lead({
    open(opened, socket) {
      expect(opened).toEqual(port)
      ;(socket as Server).on('connection', (client: Socket) => client.resume().end('served'))
    },
    close: (closed) => ended.push(closed),
  })
  expect(String((await once(early, 'data'))[0])).toBe('served')
  expect(String((await once(await connectClient('late'), 'data'))[0])).toBe('served')
  supervisor.emit('message', { unpublished: port })
  await expect.poll(() => ended).toEqual([port])
})

test('who has said all it has to say before it is known where a published port leads gets the answer', async () => {
  const supervisor = new EventEmitter()
  const lead = receivePublished(supervisor)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  supervisor.emit('message', { published: { hostPort: 8080 } }, server)
  const accepted: Socket[] = []
  server.on('connection', (socket) => accepted.push(socket))
  const clients = [await connectClient('hello'), await connectClient('')]
  for (const client of clients) client.end()
  await expect.poll(() => accepted.length).toBe(2)
  const backend = createServer({ allowHalfOpen: true }, (socket) => {
    let said = ''
    socket.setEncoding('utf8').on('data', (piece: string) => (said += piece))
    socket.on('end', () => socket.end(`heard ${said}`))
  })
  await once(backend.listen(0, '127.0.0.1'), 'listening')
  const { port } = backend.address() as AddressInfo
  lead({ open: (_port, socket) => void leadTcp(socket as Server, () => [{ address: '127.0.0.1', port }]), close() {} })
  expect(await Promise.all(clients.map((client) => text(client)))).toEqual(['heard hello', 'heard '])
  await new Promise((closed) => backend.close(closed))
})

test('a port that is taken is an error that names it', async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await expect(listenOn({ address: '127.0.0.1', port })).rejects.toThrow(`address already in use 127.0.0.1:${port}`)
})
