import { createSocket } from 'node:dgram'
import { randomInt } from 'node:crypto'
import { connect, isIP, isIPv6 } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import { Frames, frame } from './frames.ts'

export type Transport = 'udp' | 'tcp'

/** Asks name servers elsewhere. */
export interface Forwarder {
  /** Passes a query on as it is, over the transport it came by, and resolves to the answer with the query's id. */
  exchange(query: Buffer, transport: Transport): Promise<Exchange>
}

export type Exchange =
  | { readonly outcome: 'answered'; readonly packet: Buffer }
  /** No upstream is configured: nothing was tried. */
  | { readonly outcome: 'nowhere' }
  | { readonly outcome: 'failed'; readonly reason: string }

/** Per upstream. Resolvers wait 5 s for us, so that a second one is still asked in time. */
const timeoutMs = 2_000
const headerBytes = 12
/** Questions under way at once: each has a socket. */
const maxInFlight = 1_000

/**
 * Asks the upstreams, `address` or `address:port` (an IPv6 one in brackets), one after the other until one answers.
 * An answer counts only if it comes from where the question went, and has its random id and its question. Throws
 * `RangeError` for an upstream that is no address.
 */
export function forwarder(upstreams: readonly string[], clock: Clock): Forwarder {
  const targets = upstreams.map(parseUpstream)
  let inFlight = 0
  return {
    async exchange(query, transport) {
      if (targets.length === 0) return { outcome: 'nowhere' }
      if (inFlight >= maxInFlight) return { outcome: 'failed', reason: 'too many questions under way' }
      inFlight += 1
      try {
        return await askInTurn(targets, query, transport, clock)
      } finally {
        inFlight -= 1
      }
    },
  }
}

interface Upstream {
  readonly address: string
  readonly port: number
}

export function parseUpstream(text: string): Upstream {
  const written = isIPv6(text) ? `[${text}]` : text
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^[\]:]+))(?::(\d{1,5}))?$/.exec(written) ?? []
  const address = bracketed ?? plain ?? ''
  const number = Number(port ?? 53)
  if (isIP(address) === 0 || number < 1 || number > 65_535) {
    throw new RangeError(`upstream DNS server ${JSON.stringify(text)} is not an IP address with or without a port`)
  }
  return { address, port: number }
}

async function askInTurn(
  upstreams: readonly Upstream[],
  query: Buffer,
  transport: Transport,
  clock: Clock,
): Promise<Exchange> {
  const reasons: string[] = []
  for (const upstream of upstreams) {
    try {
      return { outcome: 'answered', packet: await ask(upstream, query, transport, clock) }
    } catch (error) {
      reasons.push(`${upstream.address}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return { outcome: 'failed', reason: reasons.join('; ') }
}

async function ask(upstream: Upstream, query: Buffer, transport: Transport, clock: Clock): Promise<Buffer> {
  const own = Buffer.from(query)
  own.writeUInt16BE(randomInt(0x10000), 0)
  const received = await (transport === 'udp' ? askByUdp : askByTcp)(upstream, own, clock)
  const packet = Buffer.from(received)
  query.copy(packet, 0, 0, 2)
  return packet
}

function askByUdp({ address, port }: Upstream, query: Buffer, clock: Clock): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  // Connected, so that the kernel drops what others send and reports a closed port at once.
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  socket.on('error', reject)
  socket.on('message', (packet) => {
    if (answers(packet, query)) resolve(packet)
  })
  socket.connect(port, address, () => socket.send(query))
  const cancel = clock.after(timeoutMs, () => reject(new Error('no answer in time')))
  return promise.finally(() => {
    cancel()
    socket.close()
  })
}

function askByTcp({ address, port }: Upstream, query: Buffer, clock: Clock): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const socket = connect({ host: address, port })
  const frames = new Frames()
  socket.on('error', reject)
  socket.on('close', () => reject(new Error('closed the connection')))
  socket.on('data', (piece: Buffer) => {
    for (const packet of frames.push(piece)) if (answers(packet, query)) resolve(packet)
  })
  socket.write(frame(query))
  const cancel = clock.after(timeoutMs, () => reject(new Error('no answer in time')))
  return promise.finally(() => {
    cancel()
    socket.destroy()
  })
}

/** Whether a packet is the answer to this query: same id, a response, and the same question, whatever its case. */
function answers(packet: Buffer, query: Buffer): boolean {
  if (packet.length < headerBytes || packet.readUInt16BE(0) !== query.readUInt16BE(0)) return false
  if ((packet.readUInt8(2) & 0x80) === 0) return false
  const end = questionEnd(query)
  // Errors may come without the question.
  if (packet.readUInt16BE(4) === 0) return (packet.readUInt8(3) & 15) !== 0
  return text(packet, end) === text(query, end)
}

function questionEnd(query: Buffer): number {
  let offset = headerBytes
  while (offset < query.length && query[offset] !== 0) offset += 1 + (query[offset] ?? 0)
  return offset + 5
}

function text(packet: Buffer, end: number): string {
  return packet.toString('latin1', headerBytes, Math.min(end, packet.length)).toLowerCase()
}
