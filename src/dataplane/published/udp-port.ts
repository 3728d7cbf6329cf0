import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import type { Clock } from '../../base/clock.ts'
import type { Route } from './tcp-port.ts'

/** A client that says and hears nothing for so long has gone, as for connection tracking in the kernel. */
const idleMs = 120_000
const mostClients = 4_096

interface Flow {
  readonly socket: Socket
  cancel: () => void
}

/**
 * Leads datagrams of each client to one endpoint, and answers back to it. One that nobody can take is dropped. Returns
 * the function that ends it.
 */
export function leadUdp(socket: Socket, route: Route, clock: Clock): () => void {
  const flows = new Map<string, Flow>()

  function end(client: string): void {
    const flow = flows.get(client)
    flows.delete(client)
    flow?.cancel()
    flow?.socket.close()
  }

  function begin(client: string, { address, port }: RemoteInfo): Flow | undefined {
    const [target] = route()
    if (target === undefined || flows.size >= mostClients) return undefined
    const server = createSocket('udp4')
    server.on('message', (answer) => {
      socket.send(answer, port, address)
      used(client)
    })
    // The endpoint has refused it, or has gone: the client's next datagram finds another.
    server.on('error', () => end(client))
    server.connect(target.port, target.address)
    const flow = { socket: server, cancel: () => {} }
    flows.set(client, flow)
    return flow
  }

  function used(client: string): void {
    const flow = flows.get(client)
    if (flow === undefined) return
    flow.cancel()
    flow.cancel = clock.after(idleMs, () => end(client))
  }

  socket.on('message', (datagram, from) => {
    const client = `${from.address}:${from.port}`
    const known = flows.get(client)
    const flow = known ?? begin(client, from)
    if (flow === undefined) return
    const send = () => flow.socket.send(datagram)
    if (known === undefined) flow.socket.once('connect', send)
    else send()
    used(client)
  })
  socket.on('error', () => {})
  return () => {
    socket.close()
    for (const client of flows.keys()) end(client)
  }
}
