import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { createServer, isIPv6, type Server, type Socket } from 'node:net'
import { formatHostPort } from '../../base/host-port.ts'
import { type Peer, socketCalls, type SocketCalls } from '../../kernel/socket-calls.ts'
import { type BatchTaker, UdpBatches } from '../../kernel/udp-batches.ts'

export interface ListenOptions {
  readonly address: string
  /** 0 takes a free one. */
  readonly port: number
}

/** The address and port cannot be had. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

/** Where packets and connections go. */
export interface DnsTaker {
  /** The answer, if there is one at once; what comes later is told to `DnsSockets.send`. */
  packet(packet: Buffer, from: Peer): Buffer | undefined
  connection(socket: Socket): void
  /** The kernel did not take an answer. */
  unsent(error: Error, to: Peer): void
}

/** Packets that wait for somebody to take them; what comes beyond is lost, as by the kernel. */
const mostEarly = 2_000
/** A port that is free for UDP may be taken for TCP: another one is drawn, so many times. */
const mostDraws = 8
/** Asked of the kernel, which may grant less: queries wait there while this process does something else. */
const receiveBufferBytes = 1024 * 1024

/**
 * The sockets of a DNS server, UDP and TCP on one address and port. They can be opened before there is anything to answer
 * with: who asks then is not refused, but waits.
 *
 * Node.js takes one packet with each system call, and reads one to tell that there are any. Those that wait behind it are
 * taken together, where the machine lets us: nobody waits for a batch, but under load there is one.
 */
export class DnsSockets {
  readonly port: number
  /** Why packets are only taken one by one; undefined if they are taken in batches. */
  readonly unbatched: string | undefined
  readonly #udp: UdpSocket
  readonly #tcp: Server
  readonly #batches: UdpBatches | undefined
  #early: (readonly [packet: Buffer, from: Peer])[] = []
  readonly #connections = new Set<Socket>()
  #taker: DnsTaker | undefined
  #hand: ((packet: Buffer, from: Peer) => void) | undefined

  private constructor(udp: UdpSocket, tcp: Server, batches: UdpBatches | string) {
    this.port = udp.address().port
    this.#udp = udp
    this.#tcp = tcp
    if (typeof batches === 'string') this.unbatched = batches
    else this.#batches = batches
    udp.on('message', (packet, from) => {
      if (this.#hand !== undefined) this.#hand(packet, from)
      else if (this.#early.length < mostEarly) this.#early.push([packet, from])
    })
    tcp.on('connection', (socket) => this.#connect(socket))
  }

  /** Rejects with `ListenError` if either cannot be had. `loadCalls` may reject: packets are then taken one by one. */
  static async open(listen: ListenOptions, loadCalls: () => Promise<SocketCalls> = socketCalls): Promise<DnsSockets> {
    for (let draws = listen.port === 0 ? mostDraws : 1; ; draws -= 1) {
      try {
        return await DnsSockets.#open(listen, loadCalls)
      } catch (error) {
        if (draws === 1 || !isOfTakenPort(error)) throw error
      }
    }
  }

  static async #open({ address, port }: ListenOptions, loadCalls: () => Promise<SocketCalls>): Promise<DnsSockets> {
    const family = isIPv6(address) ? 6 : 4
    const udp = createSocket({
      type: `udp${family}`,
      recvBufferSize: receiveBufferBytes,
      // Clients' addresses are addresses: there is nothing to look up, and no turn of the event loop to wait for it.
      lookup: (host, _options, found) => found(null, host, family),
    })
    const tcp = createServer()
    try {
      const batched = family === 4 ? await bindForBatches({ address, port }, loadCalls) : 'they are for IPv4'
      const bound = once(udp, 'listening')
      udp.bind(typeof batched === 'string' ? { address, port } : { fd: batched.descriptor })
      await bound
      const sockets = new DnsSockets(udp, tcp, typeof batched === 'string' ? batched : batched.batches)
      await once(tcp.listen({ host: address, port: sockets.port }), 'listening')
      return sockets
    } catch (cause) {
      await Promise.all([closed(udp), closed(tcp)])
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new ListenError(`cannot serve DNS on ${formatHostPort({ address, port })}: ${reason}`, { cause })
    }
  }

  /** Everything goes to this one, what has come already first. `onError` is told what befalls the sockets themselves. */
  take(taker: DnsTaker, onError: (error: Error) => void): void {
    const hand = this.#handTo(taker)
    this.#taker = taker
    this.#hand = hand
    this.#udp.on('error', onError)
    this.#tcp.on('error', onError)
    const early = this.#early
    this.#early = []
    for (const [packet, from] of early) hand(packet, from)
    for (const socket of this.#connections) taker.connection(socket)
  }

  /** One that cannot be sent is told to the taker. */
  send(packet: Buffer, to: Peer): void {
    // Without a callback Node.js says nothing of a packet that is not taken.
    this.#udp.send(packet, to.port, to.address, (error) => {
      if (error !== null) this.#taker?.unsent(error, to)
    })
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy()
    await Promise.all([closed(this.#udp), closed(this.#tcp)])
  }

  /** What is done with a packet. */
  #handTo(taker: DnsTaker): (packet: Buffer, from: Peer) => void {
    const batches = this.#batches
    if (batches === undefined) {
      return (packet, from) => {
        const answer = taker.packet(packet, from)
        if (answer !== undefined) this.send(answer, from)
      }
    }
    const batchTaker: BatchTaker = {
      answer: (packet, from) => taker.packet(packet, from),
      sendAlone: (answer, to) => this.send(answer, to),
    }
    return (packet, from) => batches.exchange(batchTaker, packet, from)
  }

  #connect(socket: Socket): void {
    this.#connections.add(socket)
    // Whoever does not wait is forgotten.
    socket.on('error', () => socket.destroy()).on('close', () => this.#connections.delete(socket))
    this.#taker?.connection(socket)
  }
}

/** The socket, or the reason why there are no batches. Where the address cannot be had, node:dgram is to say so. */
async function bindForBatches(
  listen: ListenOptions,
  loadCalls: () => Promise<SocketCalls>,
): Promise<{ descriptor: number; batches: UdpBatches } | string> {
  try {
    const calls = await loadCalls()
    const descriptor = calls.bindUdp4(listen)
    return descriptor === undefined ? 'the address cannot be had' : { descriptor, batches: batchesOf(descriptor, calls) }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** If there are none, the address is free again, for node:dgram to take. */
function batchesOf(descriptor: number, calls: SocketCalls): UdpBatches {
  try {
    return new UdpBatches(descriptor, calls)
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

function isOfTakenPort(error: unknown): boolean {
  const cause = error instanceof ListenError ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
}

/** Resolves when it is; also where it was never open. */
function closed(socket: { close(callback: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => {
    socket.close(() => resolve())
  })
}
