import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Peer, socketCalls, type SocketCalls } from './socket-calls.ts'
import { UdpBatches, type BatchTaker } from './udp-batches.ts'

const calls = await socketCalls()
let descriptor: number
let port: number
let clients: Socket[] = []

beforeEach(async () => {
  // A free port, from a socket that gives it back.
  const probe = await client()
  port = probe.address().port
  descriptor = calls.bindUdp4({ address: '127.0.0.2', port }) ?? -1
})
afterEach(() => {
  closeSync(descriptor)
  for (const each of clients) each.close()
  clients = []
})

async function client(address = '127.0.0.1'): Promise<Socket> {
  const socket = createSocket('udp4')
  clients.push(socket)
  socket.bind({ address, port: 0 })
  await once(socket, 'listening')
  return socket
}

/** Resolves when it is on its way, which on loopback means that it has come. */
function sent(socket: Socket, packet: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(packet, port, '127.0.0.2', (error) => (error === null ? resolve() : reject(error)))
  })
}

/** What the next so many packets say. */
async function heard(socket: Socket, count: number): Promise<string[]> {
  const { promise, resolve } = Promise.withResolvers<string[]>()
  const texts: string[] = []
  socket.on('message', (packet) => texts.push(packet.toString()) === count && resolve(texts))
  return promise
}

/** Answers each packet with `ok` before it, but for those that begin with `no`. */
class Taker implements BatchTaker {
  readonly taken: (readonly [text: string, from: Peer])[] = []
  readonly alone: (readonly [text: string, to: Peer])[] = []

  answer(packet: Buffer, from: Peer): Buffer | undefined {
    const text = packet.toString()
    this.taken.push([text, from])
    return text.startsWith('no') ? undefined : Buffer.from(`ok ${text}`)
  }

  sendAlone(packet: Buffer, to: Peer): void {
    this.alone.push([packet.toString(), to])
  }
}

const nobody: Peer = { address: '127.0.0.1', port: 9 }

/** What comes of a first packet that gets no answer, and of those behind it. */
function exchanged(given: Partial<SocketCalls> = {}): Taker {
  const taker = new Taker()
  new UdpBatches(descriptor, { ...calls, ...given }).exchange(taker, Buffer.from('no'), nobody)
  taker.taken.shift()
  return taker
}

test('everyone gets the answer to their own packet, and nothing where there is none', async () => {
  const [one, other] = [await client(), await client('127.0.0.3')]
  for (const text of ['a', 'no', 'b']) await sent(one, text)
  await sent(other, 'c')
  const answers = Promise.all([heard(one, 2), heard(other, 1)])
  const { taken, alone } = exchanged()
  expect(taken.map(([text, { address }]) => [text, address])).toEqual([
    ['a', '127.0.0.1'],
    ['no', '127.0.0.1'],
    ['b', '127.0.0.1'],
    ['c', '127.0.0.3'],
  ])
  expect(taken[0]?.[1].port).toBe(one.address().port)
  expect(await answers).toEqual([['ok a', 'ok b'], ['ok c']])
  expect(alone).toEqual([])
})

test('where nothing waits nothing is done', () => {
  expect(exchanged().taken).toEqual([])
})

test('what one call does not take is there for the next', async () => {
  const socket = await client()
  const texts = Array.from({ length: 100 }, (_, index) => `packet ${index}`)
  for (const text of texts) await sent(socket, text)
  const batches = new UdpBatches(descriptor, calls)
  const answers = heard(socket, texts.length + 3)
  const takers = [new Taker(), new Taker(), new Taker()]
  const from: Peer = { address: '127.0.0.1', port: socket.address().port }
  for (const taker of takers) batches.exchange(taker, Buffer.from('first'), from)
  expect(takers.map(({ taken }) => taken.length)).toEqual([65, 37, 1])
  const taken = takers.flatMap(({ taken }) => taken.map(([text]) => text))
  expect(taken.filter((text) => text !== 'first')).toEqual(texts)
  expect(await answers).toEqual(taken.map((text) => `ok ${text}`))
})

test('packets of any length come, those that are too long without their ends', async () => {
  const socket = await client()
  const packets = [Buffer.alloc(0), Buffer.alloc(1, 'n'), Buffer.alloc(4_096, 'n'), Buffer.alloc(4_097, 'n'), Buffer.alloc(65_000, 'n'), Buffer.from('no')]
  for (const packet of packets) await sent(socket, packet)
  expect(exchanged().taken.map(([text]) => text.length)).toEqual([0, 1, 4_096, 4_096, 4_096, 2])
})

test('an answer that is too long for its place is sent alone', async () => {
  const socket = await client()
  for (const length of [1_229, 1_230]) await sent(socket, 'x'.repeat(length))
  const answer = heard(socket, 1)
  const { alone } = exchanged()
  expect(alone.map(([text, to]) => [text.length, to])).toEqual([[1_233, { address: '127.0.0.1', port: socket.address().port }]])
  expect((await answer).map((text) => text.length)).toEqual([1_232])
})

test('an answer that the kernel does not take is sent alone, and those after it with the rest', async () => {
  const socket = await client()
  for (const text of ['a', 'b', 'c', 'd']) await sent(socket, text)
  const answers = heard(socket, 2)
  // The second of the first call fails, and the first of the next.
  let round = 0
  const send: SocketCalls['send'] = (to, headers, count) => {
    round += 1
    if (round === 1) return calls.send(to, headers, 1)
    return round === 2 ? -1 : calls.send(to, headers, count)
  }
  const { alone } = exchanged({ send })
  expect(alone.map(([text]) => text)).toEqual(['ok b', 'ok c'])
  expect(alone[0]?.[1].port).toBe(socket.address().port)
  expect(await answers).toEqual(['ok a', 'ok d'])
})

test('an address that is not there, or taken, has no socket', () => {
  expect(calls.bindUdp4({ address: '192.0.2.1', port: 0 })).toBeUndefined()
  expect(calls.bindUdp4({ address: '127.0.0.2', port })).toBeUndefined()
})

test.each(['localhost', '::1', '127.0.0.256', ''])('%j is no address for one', (address) => {
  expect(() => calls.bindUdp4({ address, port: 0 })).toThrow(`${JSON.stringify(address)} is no IPv4 address`)
})
