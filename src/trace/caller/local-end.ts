import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { SocketAddress } from '../../kernel/conntrack.ts'

/** A datagram socket that sends to the destination; only a connected one is told of refusals. Rejects if there is no route. */
export async function connectedSocket({ address, port }: SocketAddress): Promise<DatagramSocket> {
  const socket = createSocket('udp4')
  const connected = once(socket, 'connect')
  socket.connect(port, address)
  try {
    await connected
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

/** The address that a connection to the destination would come from. Sends nothing. Rejects if there is no route. */
export async function sourceFor(destination: SocketAddress): Promise<string> {
  const socket = await connectedSocket(destination)
  const { address } = socket.address()
  socket.close()
  return address
}

/** A TCP port of the address that is free. */
export async function freePort(address: string): Promise<number> {
  const server = createServer()
  await once(server.listen(0, address), 'listening')
  const bound = server.address()
  await new Promise((closed) => server.close(closed))
  if (bound === null || typeof bound === 'string') throw new Error(`${address}: no port`)
  return bound.port
}
