import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { Log } from '../../base/log.ts'
import type { HealthCheck } from './health-check.ts'

/** Answers health checks. Told everything each time. */
export interface HealthCheckServers extends AsyncDisposable {
  set(health: ProxyHealth): void
}

export interface ProxyHealth {
  readonly checks: readonly HealthCheck[]
  /** Whether the kernel has the rules that these checks speak of. */
  readonly isUpToDate: boolean
}

/**
 * An HTTP server for each port, on all addresses of the node. Answers as kube-proxy does: 200 with at least one local
 * endpoint and rules that are up to date, else 503, with the number in a JSON body and in a header. A port that is taken is
 * reported, and tried again when the check changes next.
 */
export function healthCheckServers(log: Log): HealthCheckServers {
  const servers = new Map<number, { server: Server; check: HealthCheck }>()
  /** What there is no server for, because the port is taken. */
  const failed = new Map<number, HealthCheck>()
  let serviceProxyHealthy = false

  function open(check: HealthCheck): void {
    failed.delete(check.port)
    const server = createServer((_request, response) => {
      const { service, localEndpoints } = servers.get(check.port)?.check ?? check
      const [namespace, name] = service.split('/')
      response.writeHead(localEndpoints > 0 && serviceProxyHealthy ? 200 : 503, {
        'content-type': 'application/json',
        'x-content-type-options': 'nosniff',
        'x-load-balancing-endpoint-weight': String(localEndpoints),
      })
      response.end(`${JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy }, null, '\t')}\n`)
    })
    servers.set(check.port, { server, check })
    server.on('error', (err) => {
      log.error({ err, service: check.service, port: check.port }, 'no server for the health checks of a Service')
      const current = servers.get(check.port)
      if (current?.server !== server) return
      servers.delete(check.port)
      failed.set(check.port, current.check)
    })
    server.listen({ port: check.port, host: '0.0.0.0' })
  }

  function close(port: number): void {
    const server = servers.get(port)?.server
    servers.delete(port)
    server?.close()
    server?.closeAllConnections()
  }

  return {
    set({ checks, isUpToDate }) {
      serviceProxyHealthy = isUpToDate
      const wanted = new Map(checks.map((check) => [check.port, check]))
      for (const port of servers.keys()) if (!wanted.has(port)) close(port)
      for (const port of failed.keys()) if (!wanted.has(port)) failed.delete(port)
      for (const check of wanted.values()) {
        const held = servers.get(check.port)
        if (held !== undefined) held.check = check
        else if (failed.get(check.port) !== check) open(check)
      }
    },

    async [Symbol.asyncDispose]() {
      const closing = [...servers.values()].map(({ server }) => (server.listening ? once(server, 'close') : undefined))
      for (const port of servers.keys()) close(port)
      await Promise.all(closing)
    },
  }
}
