import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, isIPv6, type Server, type Socket } from 'node:net'
import type { Log } from '../../base/log.ts'
import { frame, Frames } from './frames.ts'
import type { Resolver } from './resolver.ts'

export interface DnsServer {
  readonly port: number
  close(): Promise<void>
}

export interface ListenOptions {
  readonly address: string
  /** 0 takes a free one. */
  readonly port: number
}

/** Connections that say nothing for so long are closed. */
const idleMs = 10_000

/**
 * Serves a resolver over UDP and TCP on one address and port. Rejects, with both in the message, if either cannot be
 * had. A failure on one packet or connection is logged and harms no other.
 */
export async function serveDns(resolve: Resolver, { address, port }: ListenOptions, log: Log): Promise<DnsServer> {
  const udp = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  const tcp = createServer()
  const connections = new Set<Socket>()
  try {
    udp.bind({ address, port })
    await once(udp, 'listening')
    const bound = udp.address().port
    tcp.listen({ host: address, port: bound })
    await once(tcp, 'listening')
    serveUdp(udp, resolve, log)
    serveTcp(tcp, resolve, log, connections)
    return { port: bound, close: () => closeAll(udp, tcp, connections) }
  } catch (cause) {
    await closeAll(udp, tcp, connections)
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`cannot serve DNS on ${address}:${port}: ${reason}`, { cause })
  }
}

function serveUdp(socket: UdpSocket, resolve: Resolver, log: Log): void {
  socket.on('error', (error) => log.error({ err: error }, 'DNS socket failed'))
  socket.on('message', (packet, { address, port }) => {
    const send = (answer: Buffer) => {
      socket.send(answer, port, address, (error) => {
        if (error !== null) log.warn({ err: error, client: address }, 'DNS answer not sent')
      })
    }
    answerWith(() => resolve(packet, 'udp'), send, log)
  })
}

function serveTcp(server: Server, resolve: Resolver, log: Log, connections: Set<Socket>): void {
  server.on('error', (error) => log.error({ err: error }, 'DNS socket failed'))
  server.on('connection', (socket) => {
    connections.add(socket)
    const frames = new Frames()
    socket.setNoDelay(true).setTimeout(idleMs, () => socket.destroy())
    socket.on('close', () => connections.delete(socket))
    socket.on('error', (error) => log.debug({ err: error }, 'DNS connection failed'))
    socket.on('data', (piece: Buffer) => {
      for (const packet of frames.push(piece)) {
        const send = (answer: Buffer) => socket.writable && socket.write(frame(answer))
        answerWith(() => resolve(packet, 'tcp'), send, log)
      }
    })
  })
}

function answerWith(resolve: () => ReturnType<Resolver>, send: (answer: Buffer) => void, log: Log): void {
  const failed = (error: unknown) => log.error({ err: error }, 'DNS query failed')
  try {
    const answer = resolve()
    if (answer instanceof Promise) answer.then(send).catch(failed)
    else if (answer !== undefined) send(answer)
  } catch (error) {
    failed(error)
  }
}

async function closeAll(udp: UdpSocket, tcp: Server, connections: ReadonlySet<Socket>): Promise<void> {
  for (const connection of connections) connection.destroy()
  await Promise.all([
    new Promise<void>((resolve) => {
      udp.close(resolve)
    }),
    new Promise<void>((resolve) => {
      tcp.close(() => resolve())
    }),
  ])
}
