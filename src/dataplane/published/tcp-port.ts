import { connect, type Server, type Socket } from 'node:net'
import type { EndpointPort } from '../../api/kinds/service-endpoints.ts'

/** Where to try, the first one first. */
export type Route = () => readonly EndpointPort[]

const mostTries = 3
const connectTimeoutMs = 2_000

/** What is said first to whom a connection is led, about the client. */
export type Introduction = (client: Socket) => string

/**
 * Leads what a listening socket accepts to where the route says, both ways, halves closed one by one. A connection for
 * which nobody answers is reset. Returns the function that ends it, with all its connections.
 */
export function leadTcp(server: Server, route: Route, introduce?: Introduction): () => void {
  const open = new Set<Socket>()
  acceptToLead(server)
  server.on('connection', (client) => {
    open.add(client)
    client.on('close', () => open.delete(client))
    void lead(client, route, introduce)
  })
  return () => {
    server.close()
    for (const client of open) client.destroy()
  }
}

/** To be called before the server accepts whom `leadTcp` is to lead: what they say, and that they have said all, is left to it. */
export function acceptToLead(server: Server): void {
  // Sockets that are accepted take over these; a server that was handed over cannot be given them as options.
  Object.assign(server, { allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
}

async function lead(client: Socket, route: Route, introduce: Introduction | undefined): Promise<void> {
  client.on('error', () => client.destroy())
  const tried = new Set<string>()
  while (tried.size < mostTries) {
    // Asked again each time: a try may take seconds, and what was right before may have left its Service.
    const target = route().find((each) => !tried.has(textOf(each)))
    if (target === undefined) break
    tried.add(textOf(target))
    const server = await connected(target)
    if (client.destroyed) return void server?.destroy()
    if (server === undefined) continue
    client.on('close', () => server.destroy())
    // Whoever breaks off does so to the other as well.
    server.on('error', () => client.resetAndDestroy()).on('close', () => client.destroySoon())
    if (introduce !== undefined) server.write(introduce(client))
    client.pipe(server)
    server.pipe(client)
    return
  }
  client.resetAndDestroy()
}

function textOf({ address, port }: EndpointPort): string {
  return `${address}:${port}`
}

/** Undefined if nobody answers there. */
function connected({ address, port }: EndpointPort): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, allowHalfOpen: true, noDelay: true })
    const give = (up: Socket | undefined) => {
      socket.off('error', fail).off('timeout', fail).setTimeout(0)
      resolve(up)
    }
    const fail = () => {
      socket.on('error', () => {}).destroy()
      give(undefined)
    }
    socket.on('error', fail).on('timeout', fail).setTimeout(connectTimeoutMs)
    socket.on('connect', () => give(socket))
  })
}
