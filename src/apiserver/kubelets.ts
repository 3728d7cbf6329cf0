import https from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { serviceUnavailable, StatusError } from '../api/errors.ts'
import type { ApiResponse } from './request.ts'

/** An endpoint of the agent on one node. */
export interface KubeletTarget {
  readonly host: string
  readonly port: number
  /** Path and query. */
  readonly path: string
}

/** How the server reaches the agents. Failures are `StatusError`s that name the node. */
export interface Kubelets {
  get(target: KubeletTarget, signal: AbortSignal): Promise<ApiResponse>
  /** Asks for an upgraded connection. Resolves to the agent's answer, whatever it is. */
  upgrade(target: KubeletTarget, request: UpgradeRequest): Promise<UpgradeAnswer>
}

export interface UpgradeRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
}

export type UpgradeAnswer =
  | { readonly upgraded: true; readonly response: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }
  | { readonly upgraded: false; readonly response: IncomingMessage }

export interface KubeletCredentials {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Over HTTPS with the server's own client certificate; agents are verified against the cluster's CA. */
export function httpsKubelets(credentials: KubeletCredentials): Kubelets {
  const agent = new https.Agent({ ...credentials, keepAlive: true })
  return {
    get: (target, signal) =>
      new Promise((resolve, reject) => {
        const request = https.get({ ...target, agent, signal })
        request.on('response', (response) => resolve(relay(response)))
        request.on('error', (cause) => reject(unreachable(target, cause)))
      }),
    upgrade: (target, { method, headers }) =>
      new Promise((resolve, reject) => {
        const request = https.request({ ...target, ...credentials, method, headers, agent: false })
        request.on('upgrade', (response, socket, head) => resolve({ upgraded: true, response, socket, head }))
        request.on('response', (response) => resolve({ upgraded: false, response }))
        request.on('error', (cause) => reject(unreachable(target, cause)))
        request.end()
      }),
  }
}

async function relay(response: IncomingMessage): Promise<ApiResponse> {
  const status = response.statusCode ?? 502
  if (status >= 400) throw await failureOf(response, status)
  return {
    status,
    contentType: response.headers['content-type'] ?? 'text/plain',
    body: async (write, signal) => {
      signal.addEventListener('abort', () => response.destroy(), { once: true })
      if (signal.aborted) response.destroy()
      try {
        for await (const chunk of response) write(chunk)
      } catch (error) {
        // The client left and the connection was closed for it; anything else is the agent's failure.
        if (!signal.aborted) throw error
      }
    },
  }
}

/** An agent's refusal in the client's terms: agents answer with plain text. */
async function failureOf(response: IncomingMessage, status: number): Promise<StatusError> {
  let message = ''
  for await (const chunk of response.setEncoding('utf8')) message += chunk
  const reason = status === 404 ? 'NotFound' : status < 500 ? 'BadRequest' : 'InternalError'
  return new StatusError(status, reason, message.trim())
}

function unreachable(target: KubeletTarget, cause: Error): StatusError {
  return serviceUnavailable(
    `the node's agent at ${target.host}:${target.port} did not answer: ${cause.message}; see whether the node is Ready`,
  )
}
