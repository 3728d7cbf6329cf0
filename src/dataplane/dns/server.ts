import type { Socket } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { ClientFilter } from './client-filter.ts'
import { frame, Frames } from './frames.ts'
import type { Answered } from './query-log.ts'
import type { Reply, Transport } from './reply.ts'
import type { Resolver } from './resolver.ts'
import type { DnsSockets } from './sockets.ts'
import type { TrafficMetrics } from './traffic-metrics.ts'

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

/** Connections that say nothing for so long are closed. */
const idleMs = 10_000

/** Serves a resolver on sockets. A failure on one packet or connection is logged and harms no other. */
export function serveDns(deps: DnsServerDeps, sockets: DnsSockets): void {
  const { admits, metrics, log } = deps
  sockets.take(
    {
      packet(query, from) {
        if (!admits(from.address)) return metrics.dropped.add()
        return answer(deps, { client: from.address, transport: 'udp', query }, (reply) => sockets.send(reply, from))
      },
      connection(socket) {
        if (admits(socket.remoteAddress ?? '')) return serveConnection(deps, socket)
        metrics.dropped.add()
        socket.resetAndDestroy()
      },
    },
    (error) => log.error({ err: error }, 'DNS socket failed'),
  )
}

function serveConnection(deps: DnsServerDeps, socket: Socket): void {
  const client = socket.remoteAddress ?? ''
  const frames = new Frames()
  socket.setNoDelay(true).setTimeout(idleMs, () => socket.destroy())
  socket.on('error', (error) => deps.log.debug({ err: error, client }, 'DNS connection failed'))
  socket.on('data', (piece: Buffer) => {
    for (const query of frames.push(piece)) {
      answer(deps, { client, transport: 'tcp', query }, (reply) => socket.writable && socket.write(frame(reply)))
    }
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
  const finish = (reply: Reply | undefined) => {
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
    if (reply instanceof Promise) reply.then(finish).catch(fail)
    else finish(reply)
  } catch (error) {
    fail(error)
  }
}
