import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer, type Server } from 'node:net'
import { portHolder, type PortHolder } from './port-holder.ts'

/** Another process listens there. `holder` is known if it could be found. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken'
  readonly port: number
  readonly holder: PortHolder | undefined
  constructor(address: string, port: number, holder: PortHolder | undefined) {
    const who = holder === undefined ? 'another program' : `${holder.name} (process ${holder.pid})`
    super(`${address}:${port} is in use by ${who}`)
    this.port = port
    this.holder = holder
  }
}

/**
 * Opens a listening TCP socket in this process's network namespace, to be handed to a process in another one: a socket
 * stays in the namespace it was made in. Hand it on with `child.send(message, server)` or as `descriptorOf(server)`
 * in `stdio`, then close it here: for as long as it is open here this process accepts as well: those connections are
 * reset. Port 0 takes a free one. Rejects with `PortTaken`, or with an error that names address and port.
 */
export async function listenOnHost(address: string, port: number): Promise<Server> {
  const server = createServer((connection) => connection.resetAndDestroy())
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen({ host: address, port, backlog: 511 }, resolve)
  try {
    await promise
  } catch (cause) {
    throw await explain(cause, address, port)
  }
  server.off('error', reject)
  return server
}

/** The same for UDP: what arrives before it is handed on is lost. */
export async function bindOnHost(address: string, port: number): Promise<UdpSocket> {
  const socket = createSocket('udp4')
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once('error', reject).bind({ address, port, exclusive: true }, resolve)
  try {
    await promise
  } catch (cause) {
    socket.close()
    throw await explain(cause, address, port)
  }
  socket.off('error', reject)
  return socket
}

/** The descriptor of an open server, for `stdio` of spawn. Node takes it by `listen({ fd })`, HAProxy by `bind fd@`. */
export function descriptorOf(server: Server): number {
  // Node has no public name for it.
  const handle: unknown = Reflect.get(server, '_handle')
  const descriptor: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined
  if (typeof descriptor !== 'number' || descriptor < 0) throw new Error('the server is not listening')
  return descriptor
}

async function explain(cause: unknown, address: string, port: number): Promise<Error> {
  const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'EADDRINUSE') return new PortTaken(address, port, await portHolder(address, port))
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new Error(`cannot listen on ${address}:${port}: ${reason}`, { cause })
}
