import type { SocketAddress } from '../../kernel/conntrack.ts'
import { isAddress } from '../target.ts'
import { callTcp } from './call-tcp.ts'
import { callUdp } from './call-udp.ts'
import { failureOf } from './failure.ts'
import { connectedSocket, freePort, sourceFor } from './local-end.ts'
import { lookUp } from './look-up.ts'
import type { Order, Outcome, Report } from './messages.ts'

/** Nobody waits longer for a datagram: on a network of namespaces an answer takes microseconds. */
const datagramMs = 1_000

/** Does what it is ordered, and tells of it; `go` resolves when the connection may be made, and when it may be used. */
export async function call(order: Order, go: () => Promise<void>, tell: (report: Report) => void): Promise<void> {
  tell({ report: 'done', outcome: await outcomeOf(order, go, tell) })
}

async function outcomeOf(order: Order, go: () => Promise<void>, tell: (report: Report) => void): Promise<Outcome> {
  const { target, timeoutMs } = order
  const address = await addressOf(order, tell)
  if (address === undefined) return { result: 'no address' }
  const destination = { address, port: target.port }
  try {
    return await (target.protocol === 'tcp' ? byTcp() : byUdp())
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    return failureOf({ code: String(error.code) }) // no route
  }

  async function bound(source: SocketAddress): Promise<void> {
    tell({ report: 'bound', source, destination })
    await go()
  }

  async function byTcp(): Promise<Outcome> {
    const source = await sourceFor(destination)
    const ends = { source: { address: source, port: await freePort(source) }, destination }
    await bound(ends.source)
    const beforeAsking = async () => {
      tell({ report: 'connected' })
      await go()
    }
    return callTcp(target, ends, { timeoutMs, beforeAsking })
  }

  async function byUdp(): Promise<Outcome> {
    const socket = await connectedSocket(destination)
    await bound(socket.address())
    return callUdp(socket, Math.min(timeoutMs, datagramMs))
  }
}

async function addressOf({ target, resolver, address, timeoutMs }: Order, tell: (report: Report) => void): Promise<string | undefined> {
  const known = address ?? (isAddress(target.host) ? target.host : undefined)
  const questions = known === undefined && resolver !== undefined ? await lookUp(target.host, resolver, timeoutMs) : []
  tell({ report: 'asked', questions })
  return known ?? questions.at(-1)?.addresses[0]
}
