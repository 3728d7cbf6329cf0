import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type Clock, systemClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { FakeCgroups } from '../kernel/fake-cgroups.ts'
import { FakeNamespaces } from '../kernel/fake-namespaces.ts'
import { FakeProcesses } from '../kernel/fake-processes.ts'
import { egressCgroup } from './cgroup-names.ts'
import { defaults, readConfig } from './config.ts'
import { connectControl, currentState } from './control.ts'
import { type Layout, layoutOf } from './layout.ts'
import type { ClusterChange, ClusterState, NodeChange } from './state.ts'
import { supervise, type SupervisorDeps } from './supervisor.ts'
import { UserError } from './user-error.ts'

/** Namespaces by name only: processes are in the test's own. */
class NamesOnly extends FakeNamespaces {
  impossible = ''

  override async create(name: string): Promise<void> {
    if (name === this.impossible) throw new Error(`no room for ${name}`)
    await super.create(name)
  }

  override path(): string {
    return '/proc/self/ns/net'
  }
}

/** Tries again at once. */
const hasty: Clock = { ...systemClock, sleep: (_ms, signal) => systemClock.sleep(1, signal) }

const node = (script: string) => [process.execPath, '-e', script] as const
const readyAndStay = node(`process.send('ready'); setInterval(() => {}, 1000)`)
const neverReady = node(`setInterval(() => {}, 1000)`)

let folder: string
let layout: Layout
let namespaces: NamesOnly
let cgroups: FakeCgroups
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-supervisor-'))
  const run = join(folder, 'run', 'one')
  layout = { ...layoutOf(join(folder, 'home'), 'one'), run, controlSocket: join(run, 'control.sock') }
  namespaces = new NamesOnly()
  cgroups = new FakeCgroups()
})
afterEach(() => rm(folder, { recursive: true }))

interface Options {
  readonly program?: SupervisorDeps['program']
  readonly apiPort?: number
  readonly stopped?: AbortSignal
}

/** Supervises a cluster of one node, whose programs are stand-ins. */
async function start({ program = () => readyAndStay, apiPort = 0, stopped }: Options = {}) {
  const config = { ...defaults, name: 'one', home: layout.home, apiPort, egress: false }
  const deps: SupervisorDeps = {
    clock: hasty,
    log: silentLog,
    processes: new FakeProcesses(),
    namespaces,
    cgroups,
    program,
    mounts: { unmountBelow: async () => {} },
    removeRuntimeLeftovers: async () => {},
  }
  const abort = new AbortController()
  const end = supervise(config, layout, deps, stopped ?? abort.signal)
  end.catch(() => {})
  onTestFinished(async () => {
    abort.abort()
    await end.catch(() => {})
  })
  return { end, stop: () => abort.abort() }
}

/** Every state from now on, until one is reached that comes last. */
async function statesUntil(...last: readonly ClusterState['phase'][]): Promise<readonly ClusterState[]> {
  await expect.poll(() => currentState(layout.controlSocket)).toBeDefined()
  const connection = await connectControl(layout.controlSocket)
  if (connection === undefined) throw new Error('no supervisor')
  await using open = connection
  const states: ClusterState[] = []
  for await (const state of open.states()) {
    states.push(state)
    if (last.includes(state.phase)) break
  }
  return states
}

/** Everything outside of the home. */
async function leftovers(): Promise<readonly string[]> {
  const files = (await readdir(folder)).filter((name) => name !== 'home')
  return [...(await namespaces.list()), ...cgroups.paths, ...files]
}

test('tells how the start goes, until every process is ready', async () => {
  await start()
  const state = (await statesUntil('ready', 'failed')).at(-1)
  expect(state).toMatchObject({
    phase: 'ready',
    processes: ['server', 'node-1', 'edge'].map((name) => ({ name, state: 'ready', restarts: 0 })),
  })
  const steps = state?.timeline.map(({ step }) => step) ?? []
  expect(steps.slice(0, 2)).toEqual(['network', 'processes'])
  expect(steps.slice(2, 5).sort()).toEqual(['edge ready', 'node-1 ready', 'server ready'])
  expect(steps.slice(5)).toEqual(['ready'])
})

test('without a way out, one that a supervisor before has left behind is ended before anything starts', async () => {
  await cgroups.create(egressCgroup('one'))
  await cgroups.add(egressCgroup('one'), 4711)
  await start()
  await statesUntil('ready')
  expect(await cgroups.processes(egressCgroup('one'))).toEqual([])
})

test('ends by signal, and leaves nothing', async () => {
  const { end, stop } = await start()
  await statesUntil('ready')
  stop()
  await end
  expect(await leftovers()).toEqual([])
})

describe('nodes of a running cluster', () => {
  async function change(action: NodeChange['action'], node: number): Promise<void> {
    await using connection = await connectControl(layout.controlSocket)
    await connection?.change({ action, node })
  }

  const processes = async () =>
    (await currentState(layout.controlSocket))?.processes.map(({ name, state }) => `${name} ${state}`)
  const nodeNumbers = async () => (await readConfig(layout.configFile))?.nodes

  test('are added, and removed with all that they had', async () => {
    await start()
    await statesUntil('ready')
    await change('add', 3)
    expect(await processes()).toEqual(['server ready', 'node-1 ready', 'edge ready', 'node-3 ready'])
    expect(await namespaces.list()).toContain('portolan-one-node-3')
    expect(await nodeNumbers()).toEqual([1, 3])
    await mkdir(layout.node('node-3').state, { recursive: true })
    await change('remove', 3)
    expect(await processes()).toEqual(['server ready', 'node-1 ready', 'edge ready'])
    expect(await namespaces.list()).not.toContain('portolan-one-node-3')
    expect(await nodeNumbers()).toEqual([1])
    expect(await readdir(join(layout.state, 'nodes'))).toEqual([])
  })

  test('are stopped and started again, and the cluster runs on', async () => {
    const { end, stop } = await start()
    await statesUntil('ready')
    await change('stop', 1)
    expect(await processes()).toEqual(['server ready', 'node-1 stopped', 'edge ready'])
    expect(await namespaces.list()).not.toContain('portolan-one-node-1')
    await change('start', 1)
    expect(await processes()).toEqual(['server ready', 'node-1 ready', 'edge ready'])
    await change('start', 1)
    stop()
    await end
    expect(await leftovers()).toEqual([])
  })

  test('are as before if one cannot be added', async () => {
    await start()
    await statesUntil('ready')
    namespaces.impossible = 'portolan-one-node-2'
    await expect(change('add', 2)).rejects.toThrow('no room for portolan-one-node-2')
    expect(await processes()).toEqual(['server ready', 'node-1 ready', 'edge ready'])
    expect(await nodeNumbers()).toEqual([1])
  })

  for (const [action, number, sentence] of [
    ['add', 1, 'there is a node node-1 already'],
    ['add', 300, 'node-300 is out of range: these address ranges hold node-1 to node-244'],
    ['remove', 1, 'node-1 is the only node: wipe the cluster with ./portolan delete'],
    ['stop', 2, 'there is no node node-2: choose one of node-1'],
    ['start', 2, 'there is no node node-2: choose one of node-1'],
  ] as const) {
    test(`${action} node-${number} is refused`, async () => {
      await start()
      await statesUntil('ready')
      await expect(change(action, number)).rejects.toThrow(new UserError(sentence))
      expect(await processes()).toEqual(['server ready', 'node-1 ready', 'edge ready'])
    })
  }
})

describe('ports that are published', () => {
  /** Says on each connection who it is. */
  const edge = node(`
    process.on('message', ({ published, unpublished }, socket) => {
      if (published) globalThis.server = socket.on('connection', (client) => client.end('edge of ' + process.pid))
      if (unpublished) globalThis.server.close()
    })
    process.send('ready')`)
  const program = (name: string) => (name === 'edge' ? edge : readyAndStay)
  const published = { protocol: 'TCP', namespace: 'default', service: 'web', port: 80 } as const

  async function change(wanted: ClusterChange): Promise<void> {
    await using connection = await connectControl(layout.controlSocket)
    await connection?.change(wanted)
  }

  async function freePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await new Promise((closed) => server.close(closed))
    return port
  }

  const edgePid = async () => (await currentState(layout.controlSocket))?.processes.find(({ name }) => name === 'edge')?.pid

  test('are opened and handed over, to the next edge too, until they are closed', async () => {
    await start({ program })
    await statesUntil('ready')
    const port = { ...published, hostPort: await freePort() }
    await change({ action: 'publish', ports: [port] })
    const first = await edgePid()
    await expect.poll(() => textFrom(port.hostPort)).toBe(`edge of ${first}`)
    process.kill(first ?? 0, 'SIGKILL')
    await expect.poll(async () => [undefined, first].includes(await edgePid())).toBe(false)
    const second = await edgePid()
    await expect.poll(() => textFrom(port.hostPort)).toBe(`edge of ${second}`)
    expect((await readConfig(layout.configFile))?.published).toEqual([port])
    await change({ action: 'unpublish', subject: { namespace: 'default', service: 'web' } })
    await expect.poll(() => textFrom(port.hostPort)).toBe('refused')
    expect((await readConfig(layout.configFile))?.published).toEqual([])
  })

  test('are refused if one is taken, all of them, in one sentence', async () => {
    await start({ program })
    await statesUntil('ready')
    const taker = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void taker.close())
    await once(taker, 'listening')
    const { port: taken } = taker.address() as AddressInfo
    const free = await freePort()
    const ports = [free, taken].map((hostPort) => ({ ...published, hostPort }))
    const sentence = new RegExp(`^127.0.0.1:${taken} is in use by .*: choose another port, such as \\d+:…$`)
    await expect(change({ action: 'publish', ports })).rejects.toThrow(sentence)
    expect(await textFrom(free)).toBe('refused')
    await expect(change({ action: 'unpublish', subject: { namespace: 'default', service: 'web' } })).rejects.toThrow('is not published')
  })

  test('are refused if one is published for another Service', async () => {
    await start({ program })
    await statesUntil('ready')
    const port = { ...published, hostPort: await freePort() }
    await change({ action: 'publish', ports: [port] })
    const sentence = `port ${port.hostPort}/TCP is published already for service/web in namespace default`
    await expect(change({ action: 'publish', ports: [{ ...port, service: 'other' }] })).rejects.toThrow(sentence)
  })
})

/** What is said on a new connection; `refused` if there is none. */
async function textFrom(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  try {
    return (await Array.fromAsync(socket as AsyncIterable<string>)).join('')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ECONNREFUSED' ? 'refused' : ''
  }
}

test('ends by request, and leaves nothing', async () => {
  const { end } = await start()
  await statesUntil('ready')
  const connection = await connectControl(layout.controlSocket)
  connection?.requestStop()
  await end
  await connection?.[Symbol.asyncDispose]()
  expect(await leftovers()).toEqual([])
})

test('stopped while it starts, it never says that it is ready', async () => {
  const { end, stop } = await start({ program: (name) => (name === 'edge' ? neverReady : readyAndStay) })
  const states = statesUntil('stopping', 'failed')
  const readyCount = (state?: ClusterState) => state?.processes.filter((process) => process.state === 'ready').length
  await expect.poll(async () => readyCount(await currentState(layout.controlSocket))).toBe(2)
  stop()
  expect((await states).map(({ phase }) => phase)).not.toContain('ready')
  expect((await states).at(-1)).toMatchObject({ phase: 'stopping' })
  await end
  expect(await leftovers()).toEqual([])
})

test('told to stop before it has begun, it ends', async () => {
  const { end } = await start({ stopped: AbortSignal.abort() })
  await end
  expect(await leftovers()).toEqual([])
})

test('a port that is taken fails it, in one sentence', async () => {
  const taker = createServer()
  onTestFinished(() => void taker.close())
  await once(taker.listen(0, '127.0.0.1'), 'listening')
  const { port } = taker.address() as AddressInfo
  const { end } = await start({ apiPort: port })
  await expect(end).rejects.toThrow(new RegExp(`^127.0.0.1:${port} is in use by .+ \\(process ${process.pid}\\)$`))
  expect(await leftovers()).toEqual([])
})

test('a program that never becomes ready fails it, and whoever waits is told why', async () => {
  const { end } = await start({ program: (name) => (name === 'agent' ? node('process.exit(3)') : readyAndStay) })
  const states = await statesUntil('ready', 'failed')
  const sentence = `node-1 does not start: it ended with exit code 3, 6 times; see ${join(layout.logs, 'node-1.log')}`
  expect(states.at(-1)).toMatchObject({ phase: 'failed', message: sentence })
  await expect(end).rejects.toThrow(sentence)
  expect(await leftovers()).toEqual([])
})

test('what cannot be taken away is an error, and the supervisor ends all the same', async () => {
  const { end, stop } = await start()
  await statesUntil('ready')
  await cgroups.add('/portolan/one/system', 4711)
  cgroups.immortal.add(4711)
  stop()
  await expect(end).rejects.toThrow('4711')
  expect(await currentState(layout.controlSocket)).toBeUndefined()
})

test('a second supervisor leaves the first alone', async () => {
  await start()
  await statesUntil('ready')
  const { end } = await start()
  await expect(end).rejects.toThrow('another supervisor answers')
  expect(await currentState(layout.controlSocket)).toMatchObject({ phase: 'ready' })
})
