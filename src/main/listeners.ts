import type { Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { PublishedPort, PublishedServices } from '../dataplane/published/published-services.ts'
import { acceptToLead } from '../dataplane/published/tcp-port.ts'
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

/**
 * Ports of the host's loopback, opened by the supervisor and handed over, while they are published. To be called before
 * anything is waited for: a socket accepts from when it is received, so who connects before the result is called would
 * be left hanging.
 */
export function receivePublished(supervisor: Messages = process): (services: Pick<PublishedServices, 'open' | 'close'>) => void {
  const services = Promise.withResolvers<Pick<PublishedServices, 'open' | 'close'>>()
  supervisor.on('message', (message, handle) => {
    if (typeof message !== 'object' || message === null) return
    if ('published' in message) {
      const socket = handle as Server | UdpSocket
      const replay = 'bind' in socket ? () => {} : keepEarly(socket)
      void services.promise.then((ready) => {
        ready.open(message.published as PublishedPort, socket)
        replay()
      })
    }
    if ('unpublished' in message) void services.promise.then((ready) => ready.close(message.unpublished as PublishedPort))
  })
  return services.resolve
}

interface Messages {
  on(event: 'message', listener: (message: unknown, handle: unknown) => void): unknown
}

/** Keeps who connects, until the result is called: then the server's other listeners are told of them. */
function keepEarly(server: Server): () => void {
  acceptToLead(server)
  const early: Socket[] = []
  const keep = (socket: Socket) => early.push(socket.on('error', () => socket.destroy()))
  server.on('connection', keep)
  return () => {
    server.off('connection', keep)
    for (const socket of early) if (!socket.destroyed) server.emit('connection', socket)
  }
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
