import { Agent, get } from 'node:http'
import type { Ask } from './health.ts'

/** Asks as kube-proxy and its health checks of Services are asked: a GET, to which 200 is the only good answer. */
export function askByHttp({ withinMs }: { withinMs: number }): Ask {
  const agent = new Agent({ keepAlive: true })
  return ({ address, port }, signal) =>
    new Promise((resolve) => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(withinMs)])
      const request = get({ host: address, port, path: '/healthz', agent, signal: limit }, (response) => {
        response.on('end', () => resolve(response.statusCode === 200))
        response.on('error', () => resolve(false))
        response.resume()
      })
      request.on('error', () => resolve(false)) // why does not matter to who balances
    })
}
