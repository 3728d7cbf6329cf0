import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { badRequest, internalError, StatusError } from '../api/errors.ts'
import type { ApiContext } from './context.ts'
import { resolveResource } from './handler.ts'
import type { ApiRequest } from './request.ts'
import { isKubeletSubresource } from './subresources/kubelet.ts'

/**
 * Serves an upgrade (exec, attach, port-forward): finds the pod's agent, asks it for the same upgrade, and joins the
 * two connections. What they speak (SPDY/3.1 or WebSocket) is between client and runtime. A refusal is answered in
 * plain HTTP, on which clients fall back to another protocol.
 */
export async function serveUpgrade(
  context: ApiContext,
  request: ApiRequest,
  { headers, socket, head }: { headers: IncomingHttpHeaders; socket: Duplex; head: Buffer },
): Promise<void> {
  try {
    const found = await resolveResource(context, request)
    if (found?.subresource === undefined || !isKubeletSubresource(found.subresource)) {
      throw badRequest(`${request.path} cannot be upgraded`)
    }
    const target = await found.subresource.target(context, found.resource)
    const answer = await context.kubelets.upgrade(target, {
      method: request.method,
      headers: passedOn(headers),
    })
    if (answer.upgraded) join({ socket, head }, answer)
    else await refuse(socket, answer.response)
  } catch (error) {
    const failure = error instanceof StatusError ? error : internalError(error as Error)
    if (failure.code >= 500) context.log.error({ error, path: request.path }, 'upgrade failed')
    answerPlain(socket, failure.code, JSON.stringify(failure.status), 'application/json')
  }
}

/** Everything that belongs to the upgrade, and nothing of the client's identity. */
function passedOn(headers: IncomingHttpHeaders): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (!/^(connection|upgrade|x-stream-protocol-version|sec-websocket-.*)$/.test(name)) continue
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return result
}

function join(
  client: { socket: Duplex; head: Buffer },
  agent: { response: IncomingMessage; socket: Duplex; head: Buffer },
): void {
  const { rawHeaders } = agent.response
  let lines = 'HTTP/1.1 101 Switching Protocols\r\n'
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) lines += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  client.socket.write(`${lines}\r\n`)
  if (agent.head.length > 0) client.socket.write(agent.head)
  if (client.head.length > 0) agent.socket.write(client.head)
  for (const [from, to] of [
    [client.socket, agent.socket],
    [agent.socket, client.socket],
  ] as const) {
    from.pipe(to)
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
}

async function refuse(socket: Duplex, response: IncomingMessage): Promise<void> {
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  answerPlain(socket, response.statusCode ?? 502, body, response.headers['content-type'] ?? 'text/plain')
}

function answerPlain(socket: Duplex, code: number, body: string, contentType: string): void {
  const length = Buffer.byteLength(body)
  socket.end(
    `HTTP/1.1 ${code} Refused\r\nContent-Type: ${contentType}\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`,
  )
}
