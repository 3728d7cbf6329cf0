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
import { UnsentAnswers } from './unsent-answers.ts'

export interface DnsServerDeps {
  readonly resolve: Resolver
  /**
   * Others get nothing, not even a refusal: whose address is forged is not bothered. Nor does who asks from port 0, as
   * programs can that write packets themselves: Node.js throws where an answer is to go there.
   */
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
  const unsent = new UnsentAnswers(deps)
  const server = new Server(deps)
  sockets.take(
    {
      packet(query, from) {
        if (from.port !== 0 && admits(from.address)) return server.answer({ query, client: from.address, transport: 'udp' }, (reply) => sockets.send(reply, from))
        metrics.dropped.add()
        return undefined
      },
      connection(socket) {
        if (admits(socket.remoteAddress ?? '')) return serveConnection(server, socket, log)
        metrics.dropped.add()
        socket.resetAndDestroy()
      },
      unsent: (error, to) => unsent.note(error, to),
    },
    (error) => log.error({ err: error }, 'DNS socket failed'),
  )
}

function serveConnection(server: Server, socket: Socket, log: Log): void {
  const client = socket.remoteAddress ?? ''
  const frames = new Frames()
  socket.setNoDelay(true).setTimeout(idleMs, () => socket.destroy())
  socket.on('error', (error) => log.debug({ err: error, client }, 'DNS connection failed'))
  socket.on('data', (piece: Buffer) => {
    for (const query of frames.push(piece)) {
      const send = (reply: Buffer) => socket.writable && socket.write(frame(reply))
      const reply = server.answer({ query, client, transport: 'tcp' }, send)
      if (reply !== undefined) send(reply)
    }
  })
}

interface Received {
  readonly query: Buffer
  readonly client: string
  readonly transport: Transport
}

type Send = (packet: Buffer) => void

class Server {
  readonly #deps: DnsServerDeps

  constructor(deps: DnsServerDeps) {
    this.#deps = deps
  }

  /** The answer if there is one at once; `sendLater` gets one that takes time. */
  answer(received: Received, sendLater: Send): Buffer | undefined {
    const begunMs = this.#deps.clock.monotonicMs()
    try {
      const reply = this.#deps.resolve(received.query, received.transport)
      if (!(reply instanceof Promise)) return reply && this.#finish(reply, received, begunMs)
      void this.#answerLater(reply, sendLater, { received, begunMs })
    } catch (error) {
      this.#fail(error, received)
    }
    return undefined
  }

  async #answerLater(reply: Promise<Reply>, send: Send, { received, begunMs }: { received: Received; begunMs: number }): Promise<void> {
    try {
      send(this.#finish(await reply, received, begunMs))
    } catch (error) {
      this.#fail(error, received)
    }
  }

  /** Counts a reply that is about to be sent. */
  #finish(reply: Reply, received: Received, begunMs: number): Buffer {
    const { clock, metrics, logQuery } = this.#deps
    const seconds = (clock.monotonicMs() - begunMs) / 1000
    metrics.answered(reply, { transport: received.transport, queryBytes: received.query.length, seconds })
    logQuery?.({ ...received, reply, seconds })
    return reply.packet
  }

  #fail(error: unknown, { client }: Received): void {
    this.#deps.metrics.failed.add()
    this.#deps.log.error({ err: error, client }, 'DNS query failed')
  }
}
