import { Agent, request, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SocketAddress } from '../../kernel/conntrack.ts'
import { hostHeader, type Target } from '../target.ts'
import { agreeOnTls } from './agree-on-tls.ts'
import type { Outcome } from './messages.ts'
import { failureOf } from './failure.ts'

export interface Ends {
  readonly source: SocketAddress
  readonly destination: SocketAddress
}

export interface Asking {
  readonly timeoutMs: number
  /** Resolves when the path may be asked for. */
  beforeAsking(): Promise<void>
}

/** Connects, and asks for the path if the target has one. The connection stays open. */
export async function callTcp(target: Target, { source, destination }: Ends, { timeoutMs, beforeAsking }: Asking): Promise<Outcome> {
  const start = performance.now()
  const socket = connect({ host: destination.address, port: destination.port, localAddress: source.address, localPort: source.port })
  const failure = await connected(socket, timeoutMs)
  const connectMs = performance.now() - start
  if (failure !== undefined) return { ...failure, connectMs }
  const made = { result: 'connected', connectMs } as const
  if (target.path === undefined) return made
  if (target.tls === undefined) {
    await beforeAsking()
    return { ...made, ...(await ask(socket, target, target.path, timeoutMs)) }
  }
  const agreed = await agreeOnTls(socket, target.asks ?? target.host, timeoutMs)
  if ('code' in agreed) return { ...made, code: agreed.code }
  await beforeAsking()
  return { ...made, tls: agreed.tls, ...(await ask(agreed.socket, target, target.path, timeoutMs)) }
}

/** Resolves to why not; undefined if it is. */
function connected(socket: Socket, timeoutMs: number): Promise<Outcome | undefined> {
  return new Promise((resolve) => {
    socket.setTimeout(timeoutMs, () => {
      socket.destroy()
      resolve({ result: 'timeout' })
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(failureOf(error)))
    socket.once('connect', () => {
      socket.setTimeout(0)
      resolve(undefined)
    })
  })
}

function ask(socket: Duplex, target: Target, path: string, timeoutMs: number): Promise<Partial<Outcome>> {
  const start = performance.now()
  return new Promise((resolve) => {
    // Kept alive, so that the connection is still there when connection tracking is looked at.
    const agent = Object.assign(new Agent({ keepAlive: true }), { createConnection: () => socket })
    const headers = { host: hostHeader(target), 'user-agent': 'portolan-trace' }
    const asked = request({ path, headers, agent, timeout: timeoutMs })
    asked.once('timeout', () => asked.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })))
    asked.once('error', ({ code, message }: NodeJS.ErrnoException) => resolve({ code: code ?? message }))
    asked.once('response', async (response) => {
      const answerMs = performance.now() - start
      const answer = `HTTP ${response.statusCode ?? 0} ${response.statusMessage ?? ''}`.trim()
      resolve({ result: 'answered', answerMs, answer, ...(await firstLine(response)) })
    })
    asked.end()
  })
}

/** Of a text, as far as the first piece has it. */
function firstLine(response: IncomingMessage): Promise<Pick<Outcome, 'body'>> {
  return new Promise((resolve) => {
    response.once('end', () => resolve({}))
    response.once('error', () => resolve({})) // the answer is what counts; its body broke off
    response.on('data', (piece: Buffer) => {
      const [line = ''] = piece.toString().split('\n')
      resolve(/^[\x20-\x7e]+$/.test(line) ? { body: line.slice(0, 200) } : {})
    })
  })
}
