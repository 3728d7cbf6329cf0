import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import net from 'node:net'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import type { ChangeOutcome, ClusterChange, ClusterState, ControlRequest } from './state.ts'
import { UserError } from './user-error.ts'

export interface ControlHandlers {
  stop(): void
  /** Rejects with `UserError` if it cannot be done. */
  change(change: ClusterChange): Promise<void>
}

/**
 * The supervisor's end of the control socket: answers `watch` with the state and its changes, `stop` by stopping,
 * `change` with what came of it, and anything else by hanging up.
 */
export interface ControlServer {
  /** Tells every watcher. */
  publish(state: ClusterState): void
  /**
   * Takes no more connections. Those that are open end with this process, which they do not keep from ending: so
   * whoever waits for their end waits for the process.
   */
  close(): void
}

/** Rejects if another supervisor answers on the socket; a socket file that nobody answers on is replaced. */
export async function serveControl(
  path: string,
  initial: ClusterState,
  handlers: ControlHandlers,
): Promise<ControlServer> {
  await using other = await connectControl(path)
  if (other !== undefined) throw new Error(`another supervisor answers on ${path}`)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await rm(path, { force: true })
  let state = initial
  const connections = new Set<net.Socket>()
  const watchers = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    connections.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      connections.delete(socket)
      watchers.delete(socket)
    })
    // The interface passes errors of its socket on, and would throw them otherwise.
    const lines = createInterface(socket).on('error', () => socket.destroy())
    lines.on('line', (line) => {
      const request = requestIn(line)
      if (request === undefined) return socket.destroy()
      switch (request.type) {
        case 'stop':
          return handlers.stop()
        case 'change':
          return void outcomeOf(handlers.change(request.change)).then((outcome) => answer(socket, outcome))
        case 'watch':
          watchers.add(socket)
          return answer(socket, state)
        default:
          return request satisfies never
      }
    })
  })
  await once(server.listen(path), 'listening')
  return {
    publish: (next) => {
      state = next
      for (const socket of watchers) socket.write(`${JSON.stringify(next)}\n`)
    },
    close: () => {
      server.close()
      for (const socket of connections) socket.unref()
    },
  }
}

function answer(socket: net.Socket, text: ClusterState | ChangeOutcome): void {
  socket.write(`${JSON.stringify(text)}\n`)
}

async function outcomeOf(change: Promise<void>): Promise<ChangeOutcome> {
  try {
    await change
    return { outcome: 'done' }
  } catch (error) {
    return { outcome: 'refused', problem: error instanceof Error ? error.message : String(error) }
  }
}

const actions: ReadonlySet<unknown> = new Set<ClusterChange['action']>(['add', 'remove', 'stop', 'start', 'publish', 'unpublish'])

/** What a line asks for; undefined if it is no request. */
function requestIn(line: string): ControlRequest | undefined {
  const request = parsed(line)
  if (typeof request !== 'object' || request === null || !('type' in request)) return undefined
  const { type, change } = request as { readonly type: unknown; readonly change?: { readonly action?: unknown } }
  if (type === 'watch' || type === 'stop') return { type }
  return type === 'change' && actions.has(change?.action) ? (request as ControlRequest) : undefined
}

/** Undefined for what is no JSON, such as a line that was cut off when its writer ended. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** A connection to a running supervisor. */
export interface ControlConnection extends AsyncDisposable {
  /** The state now and after every change. Ends when the supervisor's process does, or this is disposed of. */
  states(): AsyncIterable<ClusterState>
  requestStop(): void
  /** Rejects with `UserError` if it cannot be done. Nothing else may be asked of the same connection. */
  change(change: ClusterChange): Promise<void>
}

/** Undefined if no supervisor is running. */
export async function connectControl(path: string): Promise<ControlConnection | undefined> {
  const socket = net.connect(path)
  try {
    await once(socket, 'connect')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined
    throw error
  }
  socket.on('error', () => socket.destroy())
  const send = (request: ControlRequest) => socket.write(`${JSON.stringify(request)}\n`)
  return {
    async *states() {
      send({ type: 'watch' })
      for await (const state of answersOn(socket)) yield state as ClusterState
    },
    requestStop: () => void send({ type: 'stop' }),
    async change(change) {
      send({ type: 'change', change })
      for await (const answer of answersOn(socket)) {
        const outcome = answer as ChangeOutcome
        if (outcome.outcome === 'done') return
        throw new UserError(outcome.problem)
      }
      throw new UserError('the cluster has ended')
    },
    [Symbol.asyncDispose]: async () => void socket.destroy(),
  }
}

/** What the supervisor answers, until its process or the connection ends. */
async function* answersOn(socket: net.Socket): AsyncGenerator<unknown> {
  const lines = createInterface(socket)
  socket.once('close', () => lines.close())
  try {
    for await (const line of lines) {
      const answer = parsed(line)
      if (answer !== undefined) yield answer
    }
  } catch (error) {
    // A supervisor that is killed in mid-answer has ended, like any other.
    if (!['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

/** The state of a running cluster; undefined if it does not run. */
export async function currentState(path: string): Promise<ClusterState | undefined> {
  const connection = await connectControl(path)
  if (connection === undefined) return undefined
  await using open = connection
  for await (const state of open.states()) return state
  return undefined
}
