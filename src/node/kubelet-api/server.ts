import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Log } from '../../base/log.ts'
import { sendLogs, type LogDeps } from './container-logs.ts'
import { passThrough, refuse } from './pass-through.ts'
import { forwardedPorts, streamUrl, type StreamCall, type StreamDeps, type StreamPurpose } from './streams.ts'
import { RequestFailed } from './targets.ts'
import { judgeUpgrade } from './upgrades.ts'

export interface KubeletApiOptions extends LogDeps, StreamDeps {
  readonly log: Log
  /** Address in the node's namespace; the standard port is 10250. */
  readonly host: string
  readonly port: number
  /** PEM. Only clients with a certificate of `clientCa` are heard, and only administrators: the API server is one. */
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string }
}

export interface KubeletApi {
  readonly port: number
  readonly connectionCount: number
  /** Shows another certificate from now on; connections that are open go on. */
  renew(pair: { readonly cert: string; readonly key: string }): void
  /** Ends all connections, streams included. */
  close(): Promise<void>
}

/** Serves what the API server asks of a node: logs, exec, attach, port forwarding, the list of pods. */
export async function serveKubeletApi(options: KubeletApiOptions): Promise<KubeletApi> {
  const { cert, key, clientCa } = options.tls
  const server = createServer({ cert, key, ca: clientCa, requestCert: true, rejectUnauthorized: true })
  const connections = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  server.on('request', (request, response) => void answer(options, request, response))
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A client that has sent all still has its answer to come. Other connections end when their client does.
    socket.allowHalfOpen = true
    void stream(options, request, socket, head)
  })
  await listen(server, options)
  return {
    port: (server.address() as AddressInfo).port,
    get connectionCount() {
      return connections.size
    },
    renew: (pair) => server.setSecureContext({ ...pair, ca: clientCa }),
    close: () => {
      for (const socket of connections) socket.destroy()
      return new Promise((resolve, reject) =>
        server.close((error) => (error === undefined ? resolve() : reject(error))),
      )
    },
  }
}

function listen(server: Server, { host, port }: KubeletApiOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Nodes have certificates of the same authority: they have no business here. Throws `RequestFailed`. */
function authorize({ socket }: IncomingMessage): void {
  const { subject } = (socket as TLSSocket).getPeerCertificate()
  const organizations = [subject?.O ?? []].flat()
  if (organizations.includes('system:masters')) return
  const name = JSON.stringify(subject?.CN ?? '')
  throw new RequestFailed(403, `${name} may not use the kubelet API: it is for system:masters`)
}

/** Never rejects. */
async function answer(options: KubeletApiOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    authorize(request)
    await route(options, request, response)
  } catch (error) {
    if (response.headersSent) {
      options.log.warn({ err: error, url: request.url }, 'an answer broke off')
      response.destroy()
      return
    }
    const { status, message } = describe(options, request, error)
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${message}\n`)
  }
}

async function route(options: KubeletApiOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { segments, query } = parseUrl(request)
  const [first, namespace = '', pod = '', container = '', ...rest] = segments
  if (request.method === 'GET' && segments.length === 1 && first === 'healthz') {
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end('ok')
    return
  }
  if (request.method === 'GET' && segments.length === 1 && first === 'pods') return sendPods(options, response)
  if (request.method === 'GET' && first === 'containerLogs' && container !== '' && rest.length === 0) {
    return sendLogs(options, { namespace, pod, container, query }, response)
  }
  if (streamCall(segments, query) !== undefined) throw new RequestFailed(400, 'Upgrade request required')
  throw new RequestFailed(404, '404 page not found')
}

function sendPods({ pods }: KubeletApiOptions, response: ServerResponse): void {
  const list = { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: pods.list() }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(list))
}

/** Never rejects. */
async function stream(
  options: KubeletApiOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  // Until it is connected with the runtime, a client that breaks off is of no consequence.
  socket.on('error', () => socket.destroy())
  try {
    authorize(request)
    const { segments, query } = parseUrl(request)
    const call = streamCall(segments, query)
    if (call === undefined) throw new RequestFailed(404, '404 page not found')
    const verdict = judgeUpgrade(request, call.purpose, forwardedPorts(query))
    if (!verdict.accepted) throw new RequestFailed(400, verdict.why)
    const url = await streamUrl(options, call)
    if (!socket.destroyed) passThrough(request, socket, head, url)
  } catch (error) {
    const { status, message } = describe(options, request, error)
    refuse(socket, status, message)
  }
}

const purposes: readonly StreamPurpose[] = ['exec', 'attach', 'portForward']

/** `/exec/{ns}/{pod}/{container}`, `/attach/…`, `/portForward/{ns}/{pod}`; upstream allows a uid after the pod. */
function streamCall(segments: readonly string[], query: URLSearchParams): StreamCall | undefined {
  const purpose = purposes.find((name) => name === segments[0])
  const [namespace, pod, ...rest] = segments.slice(1)
  if (purpose === undefined || namespace === undefined || pod === undefined || rest.length > 2) return undefined
  if (purpose === 'portForward') return { purpose, namespace, pod, container: '', query }
  const container = rest.at(-1)
  return container === undefined ? undefined : { purpose, namespace, pod, container, query }
}

function parseUrl({ url = '/' }: IncomingMessage): { segments: readonly string[]; query: URLSearchParams } {
  const { pathname, searchParams } = new URL(url, 'https://node')
  try {
    return { segments: pathname.split('/').filter((part) => part !== '').map(decodeURIComponent), query: searchParams }
  } catch (error) {
    if (error instanceof URIError) throw new RequestFailed(400, `malformed path: ${pathname}`)
    throw error
  }
}

interface Failure {
  readonly status: number
  readonly message: string
}

function describe({ log }: KubeletApiOptions, { url }: IncomingMessage, error: unknown): Failure {
  if (error instanceof RequestFailed) return { status: error.status, message: error.message }
  log.warn({ err: error, url }, 'request failed')
  return { status: 500, message: error instanceof Error ? error.message : String(error) }
}
