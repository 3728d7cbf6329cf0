import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import net from 'node:net'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import type { ClusterState, ControlRequest } from './state.ts'

/**
 * The supervisor's end of the control socket: answers `watch` with the state and its changes, `stop` by stopping, and
 * anything else by hanging up.
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
  onStop: () => void,
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
      if (request === 'stop') return onStop()
      watchers.add(socket)
      return socket.write(`${JSON.stringify(state)}\n`)
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

/** What a line asks for; undefined if it is no request. */
function requestIn(line: string): ControlRequest['type'] | undefined {
  const request = parsed(line)
  const type: unknown = typeof request === 'object' && request !== null && 'type' in request ? request.type : undefined
  return type === 'watch' || type === 'stop' ? type : undefined
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
      const lines = createInterface(socket)
      socket.once('close', () => lines.close())
      try {
        for await (const line of lines) {
          const state = parsed(line)
          if (state !== undefined) yield state as ClusterState
        }
      } catch (error) {
        // A supervisor that is killed in mid-answer has ended, like any other.
        if (!['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
      }
    },
    requestStop: () => void send({ type: 'stop' }),
    [Symbol.asyncDispose]: async () => void socket.destroy(),
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
