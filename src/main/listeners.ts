import type { Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { PublishedPort, PublishedServices } from '../dataplane/published/published-services.ts'
import type { ConnectionSource } from '../apiserver/http-server.ts'

/** Listens in this process's own namespace. Rejects if the port is taken. */
export async function listenOn({ address, port }: { address: string; port: number }): Promise<ConnectionSource> {
  const server = createServer()
  const connections = connectionsOf(server)
  await once(server.listen(port, address), 'listening')
  return connections
}

/** The socket on the host's loopback, made by the supervisor in the host's namespace and handed over. */
export function receiveListener(): Promise<ConnectionSource> {
  return new Promise((resolve) => {
    process.on('message', (message, handle) => {
      if (typeof message === 'object' && message !== null && 'listener' in message) {
        resolve(connectionsOf(handle as Server))
      }
    })
  })
}

/** Ports of the host's loopback, opened by the supervisor and handed over, while they are published. */
export function receivePublished(services: PublishedServices): void {
  process.on('message', (message, handle) => {
    if (typeof message !== 'object' || message === null) return
    if ('published' in message) services.open(message.published as PublishedPort, handle as Server | UdpSocket)
    if ('unpublished' in message) services.close(message.unpublished as PublishedPort)
  })
}

/** What comes in before anyone takes it is kept: a client that is early waits, and is not left hanging. */
export function connectionsOf(server: Server): ConnectionSource {
  const early = new Set<Socket>()
  let take = (socket: Socket): void => {
    early.add(socket)
    // Whoever does not wait is forgotten.
    socket.on('error', () => socket.destroy()).on('close', () => early.delete(socket))
  }
  server.on('connection', (socket) => take(socket))
  return (taker) => {
    take = taker
    early.forEach(taker)
    early.clear()
  }
}
