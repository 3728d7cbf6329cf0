import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { rfc3339 } from '../../base/rfc3339.ts'

/** kube-proxy's port, which load balancers ask to know whether a node takes connections. */
export const proxyHealthPort = 10_256

export interface ProxyHealthServer extends AsyncDisposable {
  /** Whether the kernel has the rules that it should have. */
  set(health: { readonly isUpToDate: boolean }): void
}

export interface ProxyHealthServerOptions {
  readonly log: Log
  readonly clock: Clock
  /** All addresses of the node unless given. */
  readonly host?: string
  /** 0 takes a free one. */
  readonly port?: number
  readonly listening?: (port: number) => void
}

/**
 * Answers `/healthz` and `/livez` as kube-proxy does: 200 if all is well, else 503, with the time since when. Until the
 * first rules are in the kernel nothing is well. A port that is taken is reported; then nobody answers.
 */
export function proxyHealthServer(options: ProxyHealthServerOptions): ProxyHealthServer {
  const { log, clock, host = '0.0.0.0', port = proxyHealthPort, listening } = options
  let isUpToDate = false
  let lastUpdated = clock.now()
  const server = createServer(({ url = '' }, response) => {
    const isKnown = ['/healthz', '/livez'].includes(url.split('?')[0] ?? '')
    response.writeHead(isKnown ? (isUpToDate ? 200 : 503) : 404, { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' })
    response.end(JSON.stringify({ lastUpdated: rfc3339(lastUpdated), currentTime: rfc3339(clock.now()) }))
  })
  server.on('error', (err) => log.error({ err, port }, 'nobody answers for the health of the proxy'))
  server.listen({ port, host }, () => {
    const address = server.address()
    if (address !== null && typeof address !== 'string') listening?.(address.port)
  })
  return {
    set(health) {
      isUpToDate = health.isUpToDate
      if (isUpToDate) lastUpdated = clock.now()
    },

    async [Symbol.asyncDispose]() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
