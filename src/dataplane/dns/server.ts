import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, isIPv6, type Server, type Socket } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import { formatHostPort } from '../../base/host-port.ts'
import type { Log } from '../../base/log.ts'
import type { ClientFilter } from './client-filter.ts'
import { frame, Frames } from './frames.ts'
import type { Answered } from './query-log.ts'
import type { Reply, Transport } from './reply.ts'
import type { Resolver } from './resolver.ts'
import type { TrafficMetrics } from './traffic-metrics.ts'

export interface DnsServer {
  readonly port: number
  close(): Promise<void>
}

export interface ListenOptions {
  readonly address: string
  /** 0 takes a free one. */
  readonly port: number
}

export interface DnsServerDeps {
  readonly resolve: Resolver
  /** Others get nothing, not even a refusal: whose address is forged is not bothered. */
  readonly admits: ClientFilter
  readonly metrics: TrafficMetrics
  /** Told of every query, if there is one. */
  readonly logQuery?: (answered: Answered) => void
  readonly clock: Clock
  readonly log: Log
}

/** The address and port cannot be had. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

/** Connections that say nothing for so long are closed. */
const idleMs = 10_000
/** Queries wait here while this process does something else, or starts: some two thousand of them. */
const receiveBufferBytes = 1024 * 1024

/**
 * Serves a resolver over UDP and TCP on one address and port. Rejects with `ListenError` if either cannot be had. A failure on one packet or connection is logged and harms no other.
 */
export async function serveDns(deps: DnsServerDeps, { address, port }: ListenOptions): Promise<DnsServer> {
  const udp = createSocket({
    type: isIPv6(address) ? 'udp6' : 'udp4',
    // Clients' addresses are addresses: there is nothing to look up, and no turn of the event loop to wait for it.
    lookup: (host, _options, found) => found(null, host, isIPv6(host) ? 6 : 4),
  })
  const tcp = createServer()
  const connections = new Set<Socket>()
  try {
    const listening = once(udp, 'listening')
    udp.bind({ address, port })
    await listening
    udp.setRecvBufferSize(receiveBufferBytes)
    const bound = udp.address().port
    tcp.listen({ host: address, port: bound })
    await once(tcp, 'listening')
    serveUdp(udp, deps)
    serveTcp(tcp, deps, connections)
    return { port: bound, close: () => closeAll(udp, tcp, connections) }
  } catch (cause) {
    await closeAll(udp, tcp, connections)
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ListenError(`cannot serve DNS on ${formatHostPort({ address, port })}: ${reason}`, { cause })
  }
}

function serveUdp(socket: UdpSocket, deps: DnsServerDeps): void {
  const { admits, metrics, log } = deps
  socket.on('error', (error) => log.error({ err: error }, 'DNS socket failed'))
  socket.on('message', (packet, { address, port }) => {
    if (!admits(address)) return metrics.dropped.add()
    answer(deps, { client: address, transport: 'udp', query: packet }, (reply) => socket.send(reply, port, address))
  })
}

function serveTcp(server: Server, deps: DnsServerDeps, connections: Set<Socket>): void {
  const { admits, metrics, log } = deps
  server.on('error', (error) => log.error({ err: error }, 'DNS socket failed'))
  server.on('connection', (socket) => {
    const client = socket.remoteAddress ?? ''
    if (!admits(client)) {
      metrics.dropped.add()
      socket.resetAndDestroy()
      return
    }
    connections.add(socket)
    const frames = new Frames()
    socket.setNoDelay(true).setTimeout(idleMs, () => socket.destroy())
    socket.on('close', () => connections.delete(socket))
    socket.on('error', (error) => log.debug({ err: error }, 'DNS connection failed'))
    socket.on('data', (piece: Buffer) => {
      for (const query of frames.push(piece)) {
        answer(deps, { client, transport: 'tcp', query }, (reply) => socket.writable && socket.write(frame(reply)))
      }
    })
  })
}

interface Received {
  readonly client: string
  readonly transport: Transport
  readonly query: Buffer
}

function answer(deps: DnsServerDeps, received: Received, send: (packet: Buffer) => void): void {
  const { resolve, clock, metrics, logQuery } = deps
  const begunMs = clock.monotonicMs()
  const done = (reply: Reply | undefined) => {
    if (reply === undefined) return
    send(reply.packet)
    const seconds = (clock.monotonicMs() - begunMs) / 1000
    metrics.answered(reply, { transport: received.transport, queryBytes: received.query.length, seconds })
    logQuery?.({ ...received, reply, seconds })
  }
  const fail = (error: unknown) => {
    metrics.failed.add()
    deps.log.error({ err: error, client: received.client }, 'DNS query failed')
  }
  try {
    const reply = resolve(received.query, received.transport)
    if (reply instanceof Promise) reply.then(done).catch(fail)
    else done(reply)
  } catch (error) {
    fail(error)
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
