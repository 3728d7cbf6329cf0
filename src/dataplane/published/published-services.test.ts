import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test, vi } from 'vitest'
import { EndpointSlices } from '../../api/kinds/endpoint-slice.ts'
import { Services } from '../../api/kinds/service.ts'
import { atRest } from '../../base/at-rest.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { informer } from '../../client/informer.ts'
import { MemoryClient } from '../../client/memory-client.ts'
import { SlicesByService } from '../../client/slices-by-service.ts'
import { PublishedServices } from './published-services.ts'
import { targetsOf, type ServicePort } from './service-endpoints.ts'
import { leadTcp } from './tcp-port.ts'

const web: ServicePort = { namespace: 'default', service: 'web', port: 80, protocol: 'TCP' }

interface Backend {
  readonly address: string
  readonly port: number
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean }
}

/** A Service whose endpoints are as said, one slice for each because each may have its own port. */
async function world(backends: readonly Backend[], protocol: 'TCP' | 'UDP' = 'TCP') {
  const client = new MemoryClient()
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  client.seed(Services, { metadata: { namespace: 'default', name: 'web' }, spec: { ports: [{ name: 'http', port: 80, protocol }] } })
  for (const [index, { address, port, conditions = {} }] of backends.entries()) {
    const metadata = { namespace: 'default', name: `web-${index}`, labels: { 'kubernetes.io/service-name': 'web' } }
    const ports = [{ name: 'http', port, protocol }]
    client.seed(EndpointSlices, { metadata, addressType: 'IPv4', ports, endpoints: [{ addresses: [address], conditions }] })
  }
  const scope = { log: silentLog, clock: systemClock, signal: stop.signal }
  const caches = { services: informer(client, Services, scope), slices: informer(client, EndpointSlices, scope) }
  await atRest()
  return caches
}

const ready = { ready: true, serving: true }
const ending = { ready: false, serving: true }
const unready = { ready: false, serving: false }
const at = (last: number, conditions: Backend['conditions']): Backend => ({
  address: `10.108.1.${last}`,
  port: 8080,
  ...(conditions === undefined ? {} : { conditions }),
})

test.for<[string, Backend[], Partial<ServicePort>, string[]]>([
  ['the ready endpoints', [at(1, ready), at(2, unready), at(3, ending)], {}, ['10.108.1.1']],
  ['those without conditions', [at(1, undefined)], {}, ['10.108.1.1']],
  ['those that serve to their end, if none is ready', [at(1, ending), at(2, unready)], {}, ['10.108.1.1']],
  ['nobody, if none serves', [at(2, unready)], {}, []],
  ['nobody of a port that there is not', [at(1, ready)], { port: 81 }, []],
  ['nobody of another protocol', [at(1, ready)], { protocol: 'UDP' }, []],
  ['nobody of a Service that there is not', [at(1, ready)], { service: 'other' }, []],
])('a port leads to %s', async ([, backends, port, addresses]) => {
  const { services, slices } = await world(backends)
  const indexed = new SlicesByService()
  slices.onChange((previous, next) => void indexed.change(previous, next))
  const targets = targetsOf({ ...web, ...port }, { services, slices: indexed })
  expect(targets.map(({ address }) => address)).toEqual(addresses)
})

async function listening(onConnection: (socket: Socket) => void): Promise<Server & { port: number }> {
  const server = createServer({ allowHalfOpen: true }, onConnection).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return Object.assign(server, { port: (server.address() as AddressInfo).port })
}

function chance(random: () => number, ingressPort = 0) {
  return { clock: systemClock, random, ingressAt: () => ({ address: '127.0.0.1', port: ingressPort }) }
}

/** A published port that leads to backends on loopback, tried in their order. */
async function published(backends: readonly Backend[]) {
  const caches = await world(backends)
  const services = new PublishedServices({ ...caches, ...chance(() => 0) })
  const socket = await listening(() => {})
  const port = { ...web, hostPort: socket.port }
  services.open(port, socket)
  onTestFinished(() => services.close(port))
  return { services, port, caches }
}

const here = (port: number): Backend => ({ address: '127.0.0.1', port, conditions: ready })

test('both halves of a connection are led, and closed one by one', async () => {
  const backend = await listening((socket) => {
    let said = ''
    socket.setEncoding('utf8').on('data', (piece: string) => (said += piece))
    socket.on('end', () => socket.end(`heard ${said}`))
  })
  const { port } = await published([here(backend.port)])
  const client = connect({ host: '127.0.0.1', port: port.hostPort, allowHalfOpen: true })
  client.end('hello')
  expect(await text(client)).toBe('heard hello')
})

test('a connection costs no look at the slices of other Services', async () => {
  const backend = await listening((socket) => void socket.end('here'))
  const { port, caches } = await published([here(backend.port)])
  const list = vi.spyOn(caches.slices, 'list')
  expect(await text(connect(port.hostPort, '127.0.0.1'))).toBe('here')
  expect(list).not.toHaveBeenCalled()
})

test('an endpoint that refuses is passed over', async () => {
  const gone = await listening(() => {})
  gone.close()
  await once(gone, 'close')
  const backend = await listening((socket) => void socket.end('here'))
  const { port } = await published([here(gone.port), here(backend.port)])
  expect(await text(connect(port.hostPort, '127.0.0.1'))).toBe('here')
})

test('the ingress is told who connects, and to which port, before what the client says', async () => {
  const ingress = await listening((socket) => {
    let said = ''
    socket.setEncoding('utf8').on('data', (piece: string) => (said += piece))
    socket.on('end', () => socket.end(said))
  })
  const services = new PublishedServices({ ...(await world([])), ...chance(() => 0, ingress.port) })
  const socket = await listening(() => {})
  const port = { ingressPort: 80, protocol: 'TCP', hostPort: socket.port } as const
  services.open(port, socket)
  onTestFinished(() => services.close(port))
  const client = connect({ host: '127.0.0.1', port: port.hostPort, allowHalfOpen: true })
  await once(client, 'connect')
  const { localPort } = client
  client.end('hello')
  expect(await text(client)).toBe(`PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${port.hostPort}\r\nhello`)
})

test('a connection that nobody takes is reset', async () => {
  const { port } = await published([])
  const client = connect(port.hostPort, '127.0.0.1')
  const [error] = await once(client, 'error')
  expect((error as NodeJS.ErrnoException).code).toBe('ECONNRESET')
})

test('a connection that ends while an endpoint is being reached leaves none there', async () => {
  const ended = Promise.withResolvers<string>()
  const backend = await listening((socket) => {
    socket.on('error', () => {}).on('end', () => socket.end()).on('close', () => ended.resolve('ended')).resume()
  })
  const server = await listening(() => {})
  const end = leadTcp(server, () => [{ address: '127.0.0.1', port: backend.port }])
  server.on('connection', end)
  connect(server.port, '127.0.0.1').on('error', () => {})
  expect(await ended.promise).toBe('ended')
})

test('what is no longer published ends, with its connections', async () => {
  const backend = await listening((socket) => socket.on('error', () => {}).resume())
  const { services, port } = await published([here(backend.port)])
  const client = connect(port.hostPort, '127.0.0.1')
  await once(client, 'connect')
  await once(backend, 'connection')
  services.close(port)
  await once(client, 'close')
  const [error] = await once(connect(port.hostPort, '127.0.0.1'), 'error')
  expect((error as NodeJS.ErrnoException).code).toBe('ECONNREFUSED')
})

async function udpSocket(): Promise<UdpSocket> {
  const socket = createSocket('udp4')
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound))
  return socket
}

test('datagrams of a client go to one endpoint, and its answers come back', async () => {
  const backends = [await udpSocket(), await udpSocket()]
  for (const [index, backend] of backends.entries()) {
    onTestFinished(() => void backend.close())
    backend.on('message', (said, from) => backend.send(`${index} heard ${said}`, from.port, from.address))
  }
  const targets = backends.map((backend) => here(backend.address().port))
  let turn = 0
  const random = () => (turn++ % 2) / 2
  const services = new PublishedServices({ ...(await world(targets, 'UDP')), ...chance(random) })
  const socket = await udpSocket()
  const hostPort = socket.address().port
  const port = { ...web, protocol: 'UDP', hostPort } as const
  services.open(port, socket)
  const client = await udpSocket()
  onTestFinished(() => void client.close())
  const answers: string[] = []
  client.on('message', (answer) => answers.push(String(answer)))
  for (const word of ['one', 'two', 'three']) {
    client.send(word, hostPort, '127.0.0.1')
    await expect.poll(() => answers.at(-1)).toContain(word)
  }
  const [first = ''] = answers
  expect(answers).toEqual(['one', 'two', 'three'].map((word) => `${first[0]} heard ${word}`))
  services.close(port)
})
