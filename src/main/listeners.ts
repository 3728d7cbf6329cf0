import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
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
