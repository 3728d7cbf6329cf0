import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, isIPv6, type Server, type Socket } from 'node:net'
import { formatHostPort } from '../../base/host-port.ts'

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
  packet(packet: Buffer, from: RemoteInfo): void
  connection(socket: Socket): void
}

/** Packets that wait for somebody to take them; what comes beyond is lost, as by the kernel. */
const mostEarly = 2_000
/** Asked of the kernel, which may grant less: queries wait there while this process does something else. */
const receiveBufferBytes = 1024 * 1024

/**
 * The sockets of a DNS server, UDP and TCP on one address and port. They can be opened before there is anything to answer
 * with: who asks then is not refused, but waits.
 */
export class DnsSockets {
  readonly port: number
  readonly #udp: UdpSocket
  readonly #tcp: Server
  #early: (readonly [packet: Buffer, from: RemoteInfo])[] = []
  readonly #connections = new Set<Socket>()
  #taker: DnsTaker | undefined

  private constructor(udp: UdpSocket, tcp: Server) {
    this.port = udp.address().port
    this.#udp = udp
    this.#tcp = tcp
    udp.on('message', (packet, from) => {
      if (this.#taker !== undefined) this.#taker.packet(packet, from)
      else if (this.#early.length < mostEarly) this.#early.push([packet, from])
    })
    tcp.on('connection', (socket) => this.#connect(socket))
  }

  /** Rejects with `ListenError` if either cannot be had. */
  static async open({ address, port }: ListenOptions): Promise<DnsSockets> {
    const family = isIPv6(address) ? 6 : 4
    const udp = createSocket({
      type: `udp${family}`,
      recvBufferSize: receiveBufferBytes,
      // Clients' addresses are addresses: there is nothing to look up, and no turn of the event loop to wait for it.
      lookup: (host, _options, found) => found(null, host, family),
    })
    const tcp = createServer()
    try {
      const bound = once(udp, 'listening')
      udp.bind({ address, port })
      await bound
      const sockets = new DnsSockets(udp, tcp)
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
    this.#taker = taker
    this.#udp.on('error', onError)
    this.#tcp.on('error', onError)
    const early = this.#early
    this.#early = []
    for (const [packet, from] of early) taker.packet(packet, from)
    for (const socket of this.#connections) taker.connection(socket)
  }

  send(packet: Buffer, { address, port }: RemoteInfo): void {
    this.#udp.send(packet, port, address)
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy()
    await Promise.all([closed(this.#udp), closed(this.#tcp)])
  }

  #connect(socket: Socket): void {
    this.#connections.add(socket)
    // Whoever does not wait is forgotten.
    socket.on('error', () => socket.destroy()).on('close', () => this.#connections.delete(socket))
    this.#taker?.connection(socket)
  }
}

/** Resolves when it is; also where it was never open. */
function closed(socket: { close(callback: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => {
    socket.close(() => resolve())
  })
}
