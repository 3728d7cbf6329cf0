import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { badRequest, internalError, StatusError } from '../api/errors.ts'
import type { ApiContext } from './context.ts'
import { resolveResource } from './handler.ts'
import { requestLabels } from './metrics/request-labels.ts'
import type { ApiRequest } from './request.ts'
import { isUpgraded } from './subresources/subresource.ts'

/** The client's side of an upgrade. `head` is what came with the request. */
export interface UpgradingClient {
  readonly message: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

/**
 * Serves an upgrade (exec, attach, port-forward, proxy): asks whoever the request is for, the pod's agent or the pod
 * itself, for the same upgrade, and joins the two connections. What they speak (SPDY/3.1 or WebSocket) is between them.
 * A refusal is answered in plain HTTP, on which clients fall back to another protocol.
 */
export async function serveUpgrade(
  context: ApiContext,
  request: ApiRequest,
  { message, socket, head }: UpgradingClient,
): Promise<void> {
  try {
    const found = await resolveResource(context, request)
    const subresource = found?.subresource
    if (found === undefined || !isUpgraded(subresource)) throw badRequest(`${request.path} cannot be upgraded`)
    const { url = '/', headers } = message
    const remoteAddress = message.socket.remoteAddress ?? ''
    const answer = await subresource.upgrade(context, found.resource, { url, headers, remoteAddress })
    if (answer.upgraded) {
      measure(context, request, socket)
      join({ socket, head }, answer)
    } else passOnRefusal(socket, answer.response)
  } catch (error) {
    if (!request.signal.aborted) refuseUpgrade(context, socket, error)
  }
}

/** Counts an upgraded connection, and when it has ended, the request that it began with. */
function measure({ metrics, kinds, clock }: ApiContext, request: ApiRequest, socket: Duplex): void {
  const series = metrics.requests(requestLabels(request, kinds))
  const startMs = clock.monotonicMs()
  series.open.add()
  socket.once('close', () => {
    series.open.add(-1)
    series.done(101, (clock.monotonicMs() - startMs) / 1000)
  })
}

/** Answers with a `Status` in plain HTTP and ends the connection. */
export function refuseUpgrade(context: ApiContext, socket: Duplex, error: unknown): void {
  const failure = error instanceof StatusError ? error : internalError(error as Error)
  if (failure.code >= 500) context.log.error({ error }, 'upgrade failed')
  const body = JSON.stringify(failure.status)
  const head = responseHead(failure.code, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
  // A client that does not end its side is not waited for; what it still sends must not cost it the answer.
  socket.resume().end(head + body, () => socket.destroy())
}

function join(
  client: Omit<UpgradingClient, 'message'>,
  other: { response: IncomingMessage; socket: Duplex; head: Buffer },
): void {
  client.socket.write(switchingHead(other.response))
  if (other.head.length > 0) client.socket.write(other.head)
  if (client.head.length > 0) other.socket.write(client.head)
  passOn(client.socket, other.socket)
  passOn(other.socket, client.socket)
}

/**
 * An end is passed on as an end: the other side may still have something to say. Once a side has closed nothing more
 * is for it, but what it said before still goes out.
 */
function passOn(from: Duplex, to: Duplex): void {
  from.allowHalfOpen = true
  from.pipe(to)
  from.on('error', () => to.destroy())
  from.on('close', () => to.end(() => to.destroy()))
}

function switchingHead({ rawHeaders }: IncomingMessage): string {
  let lines = 'HTTP/1.1 101 Switching Protocols\r\n'
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) lines += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  return `${lines}\r\n`
}

function passOnRefusal(socket: Duplex, response: IncomingMessage): void {
  const status = response.statusCode ?? 502
  if (status < 400) {
    response.destroy()
    throw internalError(new Error(`invalid upgrade response: status code ${status}`))
  }
  // Without a length the body goes on until the connection ends.
  socket.write(responseHead(status, { 'Content-Type': response.headers['content-type'] ?? 'text/plain' }))
  response.on('error', () => socket.destroy())
  socket.on('close', () => response.destroy())
  response.pipe(socket)
}

function responseHead(status: number, headers: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries({ ...headers, Connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`
}
