import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import net from 'node:net'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import type { ClusterState, ControlRequest } from './state.ts'

/** The supervisor's end of the control socket: answers `watch` with the state and its changes, `stop` by stopping. */
export interface ControlServer {
  /** Tells every watcher. */
  publish(state: ClusterState): void
  close(): Promise<void>
}

/** Throws if another supervisor answers on the socket; a socket file that nobody answers on is replaced. */
export async function serveControl(
  path: string,
  initial: ClusterState,
  onStop: () => void,
): Promise<ControlServer> {
  if ((await connectControl(path)) !== undefined) throw new Error(`another supervisor answers on ${path}`)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await rm(path, { force: true })
  let state = initial
  const watchers = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('close', () => watchers.delete(socket))
    createInterface(socket).on('line', (line) => {
      const request = JSON.parse(line) as ControlRequest
      if (request.type === 'stop') return onStop()
      watchers.add(socket)
      socket.write(`${JSON.stringify(state)}\n`)
    })
  })
  await once(server.listen(path), 'listening')
  return {
    publish: (next) => {
      state = next
      for (const socket of watchers) socket.write(`${JSON.stringify(next)}\n`)
    },
    close: async () => {
      for (const socket of watchers) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A connection to a running supervisor. */
export interface ControlConnection extends AsyncDisposable {
  /** The state now and after every change, until the supervisor ends. */
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
  // A supervisor that ends in mid-answer is what the end of `states` says.
  socket.on('error', () => socket.destroy())
  const send = (request: ControlRequest) => socket.write(`${JSON.stringify(request)}\n`)
  return {
    async *states() {
      send({ type: 'watch' })
      for await (const line of createInterface(socket)) yield JSON.parse(line) as ClusterState
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
