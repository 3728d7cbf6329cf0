import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { defaults } from './config.ts'
import { type ControlHandlers, type ControlServer, connectControl, currentState, serveControl } from './control.ts'
import type { ClusterState, ClusterChange } from './state.ts'
import { UserError } from './user-error.ts'

const starting: ClusterState = {
  phase: 'starting',
  message: 'network',
  config: { ...defaults, name: 'test', home: '/nowhere' },
  supervisorPid: 4711,
  processes: [],
  timeline: [],
}

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-control-'))
  path = join(folder, 'run', 'control.sock')
})
afterEach(() => rm(folder, { recursive: true }))

async function serve(handlers: Partial<ControlHandlers> = {}): Promise<ControlServer> {
  const server = await serveControl(path, starting, { stop: () => {}, change: async () => {}, ...handlers })
  onTestFinished(() => server.close())
  return server
}

async function connect() {
  const connection = await connectControl(path)
  if (connection === undefined) throw new Error('nobody answers')
  onTestFinished(() => connection[Symbol.asyncDispose]())
  return connection
}

/** A client that says what it likes. */
async function rawClient(): Promise<net.Socket> {
  const socket = net.connect(path)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

test('every watcher is told the state and each change', async () => {
  const server = await serve()
  const watchers = [await connect(), await connect()].map((connection) => connection.states()[Symbol.asyncIterator]())
  for (const watcher of watchers) expect((await watcher.next()).value).toEqual(starting)
  server.publish({ ...starting, phase: 'ready' })
  for (const watcher of watchers) expect((await watcher.next()).value).toEqual({ ...starting, phase: 'ready' })
})

test('a request to stop is passed on', async () => {
  const stopped = Promise.withResolvers<string>()
  await serve({ stop: () => stopped.resolve('stopped') })
  const connection = await connect()
  connection.requestStop()
  expect(await stopped.promise).toBe('stopped')
})

describe('a change', () => {
  const change = { action: 'stop', node: 2 } as const

  test('is passed on, and answered when it is done', async () => {
    const asked: ClusterChange[] = []
    await serve({ change: async (asking) => void asked.push(asking) })
    await (await connect()).change(change)
    expect(asked).toEqual([change])
  })

  test('that cannot be is refused in words', async () => {
    await serve({ change: () => Promise.reject(new UserError('there is no node node-2')) })
    await expect((await connect()).change(change)).rejects.toThrow(new UserError('there is no node node-2'))
  })

  test('is not taken for done when the supervisor ends', async () => {
    const dying = net.createServer((socket) => socket.once('data', () => socket.destroy()))
    onTestFinished(() => void dying.close())
    await serve().then((server) => server.close())
    await once(dying.listen(path), 'listening')
    await expect((await connect()).change(change)).rejects.toThrow('the cluster has ended')
  })
})

test('a watcher that leaves while it is told is no concern', async () => {
  const server = await serve()
  const watcher = await rawClient()
  watcher.write('{"type":"watch"}\n')
  await once(watcher, 'data')
  watcher.destroy()
  await once(watcher, 'close')
  server.publish({ ...starting, phase: 'ready' })
  expect(await currentState(path)).toMatchObject({ phase: 'ready' })
})

test('states end when their connection is disposed of', async () => {
  await serve()
  const connection = await connect()
  const seen: ClusterState[] = []
  for await (const state of connection.states()) {
    seen.push(state)
    await connection[Symbol.asyncDispose]()
  }
  expect(seen).toEqual([starting])
})

test('without a supervisor there is no state', async () => {
  expect(await currentState(path)).toBeUndefined()
})

test('a socket that a supervisor left behind when it was killed is nobody, and is taken over', async () => {
  await serve().then((server) => server.close())
  const left = net.createServer()
  await once(left.listen(join(folder, 'left.sock')), 'listening')
  await rename(join(folder, 'left.sock'), path)
  await new Promise((closed) => left.close(closed))
  expect(await currentState(path)).toBeUndefined()
  await serve()
  expect(await currentState(path)).toEqual(starting)
})

test('a second supervisor is refused, and the first goes on', async () => {
  await serve()
  await expect(serve()).rejects.toThrow(`another supervisor answers on ${path}`)
  expect(await currentState(path)).toEqual(starting)
})

describe('a client that sends', () => {
  for (const line of ['nonsense', '{"type":', 'null', '[]', '"stop"', '{}', '{"type":"dance"}', '{"type":"change"}', '']) {
    test(`${JSON.stringify(line)} is hung up on, and no other`, async () => {
      let stops = 0
      await serve({ stop: () => (stops += 1) })
      const client = await rawClient()
      client.write(`${line}\n`)
      await once(client.resume(), 'close')
      expect(await currentState(path)).toEqual(starting)
      expect(stops).toBe(0)
    })
  }

  test('half a line and leaves does no harm', async () => {
    await serve()
    const client = await rawClient()
    client.end('{"type":"st')
    await once(client.resume(), 'close')
    expect(await currentState(path)).toEqual(starting)
  })
})

test('half a state from a supervisor that is killed is not taken for one', async () => {
  const whole = JSON.stringify(starting)
  const dying = net.createServer((socket) => socket.end(`${whole}\n${whole.slice(0, 20)}`))
  onTestFinished(() => void dying.close())
  await serve().then((server) => server.close())
  await once(dying.listen(path), 'listening')
  const states = await Array.fromAsync((await connect()).states())
  expect(states).toEqual([starting])
})

test('a supervisor that is killed before it has answered has no state', async () => {
  const dying = net.createServer({ pauseOnConnect: true }, (socket) => setImmediate(() => socket.destroy()))
  onTestFinished(() => void dying.close())
  await serve().then((server) => server.close())
  await once(dying.listen(path), 'listening')
  const connection = await connect()
  connection.requestStop()
  expect(await Array.fromAsync(connection.states())).toEqual([])
})

test('states end when the supervisor’s process does, not before', async () => {
  const script = join(folder, 'supervisor.ts')
  const trace = join(folder, 'ended')
  await writeFile(
    script,
    `import { writeFileSync } from 'node:fs'
    import { serveControl } from ${JSON.stringify(join(import.meta.dirname, 'control.ts'))}
    process.on('exit', () => writeFileSync(${JSON.stringify(trace)}, ''))
    const server = await serveControl(${JSON.stringify(path)}, ${JSON.stringify(starting)}, { stop: () => server.close() })
    console.log('serving')`,
  )
  const supervisor = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void supervisor.kill('SIGKILL'))
  await once(supervisor.stdout, 'data')
  // Neither who watches nor who says nothing keeps it from ending.
  await rawClient()
  const connection = await connect()
  for await (const _ of connection.states()) connection.requestStop()
  expect(await readFile(trace, 'utf8')).toBe('')
})
