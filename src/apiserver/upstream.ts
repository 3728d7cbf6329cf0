import http, { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import https from 'node:https'
import type { Duplex, Readable } from 'node:stream'
import type { StatusError } from '../api/errors.ts'

/** How long a connection may take to be made, in milliseconds, as Go's default dialer. */
const connectTimeoutMs = 30_000

/** A resource of another HTTP server. */
export interface UpstreamTarget {
  readonly scheme?: 'http' | 'https'
  readonly host: string
  readonly port: number
  /** Path and query. */
  readonly path: string
}

export interface UpstreamRequest {
  readonly method: string
  readonly headers: OutgoingHttpHeaders
  /** Sent as it comes; none if absent. */
  readonly body?: Readable
  /** Ends the exchange, also in the midst of the answer. */
  readonly signal: AbortSignal
}

export type UpgradeAnswer =
  | { readonly upgraded: true; readonly response: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }
  | { readonly upgraded: false; readonly response: IncomingMessage }

/** Other servers that requests are passed on to. Rejects with a `StatusError` if one cannot be reached. */
export interface Upstream {
  /** Resolves to the head of the answer, whatever it says; the body flows as it is read. */
  request(target: UpstreamTarget, request: UpstreamRequest): Promise<IncomingMessage>
  /** Asks for an upgraded connection. Resolves to the answer, whatever it is. */
  upgrade(target: UpstreamTarget, request: Omit<UpstreamRequest, 'body'>): Promise<UpgradeAnswer>
}

export interface UpstreamOptions {
  readonly tls: https.RequestOptions
  /** Keeps connections for later requests; without one each has its own. */
  readonly agent?: https.Agent
  /** What a failed connection is to the client. */
  failure(target: UpstreamTarget, cause: Error): StatusError
}

export function httpUpstream({ tls, agent, failure }: UpstreamOptions): Upstream {
  const open = (target: UpstreamTarget, options: http.RequestOptions): ClientRequest => {
    const { scheme, ...where } = target
    const request = scheme === 'http' ? http.request({ ...where, ...options }) : https.request({ ...where, ...tls, ...options })
    return endUnconnected(request)
  }
  return {
    request: (target, { method, headers, body, signal }) =>
      new Promise((resolve, reject) => {
        const request = open(target, { method, headers, signal, agent: agent ?? false })
        request.on('response', resolve)
        // Once the answer has begun, its own stream tells of what breaks.
        request.on('error', (cause) => reject(failure(target, cause)))
        if (body === undefined) request.end()
        else body.pipe(request)
      }),
    upgrade: (target, { method, headers, signal }) =>
      new Promise((resolve, reject) => {
        const request = open(target, { method, headers, signal, agent: false })
        request.on('upgrade', (response, socket, head) => resolve({ upgraded: true, response, socket, head }))
        request.on('response', (response) => resolve({ upgraded: false, response }))
        request.on('error', (cause) => reject(failure(target, cause)))
        request.end()
      }),
  }
}

/** Ends a request whose connection is not made in time. */
function endUnconnected(request: ClientRequest): ClientRequest {
  request.on('socket', (socket) => {
    if (!socket.connecting) return
    const timer = setTimeout(() => request.destroy(new Error('i/o timeout')), connectTimeoutMs)
    for (const event of ['connect', 'close'] as const) socket.once(event, () => clearTimeout(timer))
  })
  return request
}
