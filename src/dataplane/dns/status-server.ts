import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { formatHostPort } from '../../base/host-port.ts'
import { type MetricRegistry, metricsMediaType } from '../../base/metrics.ts'
import { ListenError, type ListenOptions } from './sockets.ts'

export interface Status {
  readonly metrics: MetricRegistry
  /** Whether names of the cluster are answered, and not with SERVFAIL. */
  isReady(): boolean
}

export interface StatusServer extends AsyncDisposable {
  readonly port: number
}

/** Tells of the server over HTTP: `/metrics`, and `/ready` with 200 or 503. Rejects with `ListenError` if the port cannot be had. */
export async function serveStatus(status: Status, { address, port }: ListenOptions): Promise<StatusServer> {
  const server = createServer((request, response) => {
    void respond(status, request.url ?? '').then(({ code, type, body }) => response.writeHead(code, { 'content-type': type }).end(body))
  })
  const listening = once(server, 'listening')
  server.listen({ host: address, port })
  try {
    await listening
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ListenError(`cannot tell of DNS on ${formatHostPort({ address, port })}: ${reason}`, { cause })
  }
  return { port: portOf(server), [Symbol.asyncDispose]: () => close(server) }
}

const plain = 'text/plain; charset=utf-8'

async function respond({ metrics, isReady }: Status, path: string): Promise<{ code: number; type: string; body: string }> {
  switch (path) {
    case '/metrics':
      return { code: 200, type: metricsMediaType, body: await metrics.text() }
    case '/ready':
      return isReady() ? { code: 200, type: plain, body: 'OK' } : { code: 503, type: plain, body: 'the state of the cluster is not known yet' }
    default:
      return { code: 404, type: plain, body: 'there are /metrics and /ready here' }
  }
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
