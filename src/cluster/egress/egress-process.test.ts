import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { FakeCgroups } from '../../kernel/fake-cgroups.ts'
import { FakeNamespaces } from '../../kernel/fake-namespaces.ts'
import type { HeldRoute } from '../../kernel/namespaces.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { TestNetwork, type TestNamespace } from '../../kernel/test-network.ts'
import { defaults } from '../config.ts'
import { layoutOf } from '../layout.ts'
import { SupervisedProcess } from '../supervised-process.ts'
import { egressLink } from './egress-link.ts'
import { egressProcessSpec } from './egress-process.ts'

/** A real pasta between the edge and a machine, both of which are namespaces. Behind the machine is a world. */

const world = '198.51.100.7'

/** The only one that is asked for is the edge, bound to a file as namespaces with names are. */
class OnlyEdge extends FakeNamespaces {
  readonly #edge: TestNamespace
  readonly #file: string

  constructor(edge: TestNamespace, file: string) {
    super()
    this.#edge = edge
    this.#file = file
  }

  override path(): string {
    return this.#file
  }

  override async routes(): Promise<readonly HeldRoute[]> {
    const routes = (await this.#edge.run('ip', '-4', 'route')).split('\n')
    return routes.filter((line) => line.startsWith('default')).map((line) => ({ destination: 'default', device: line.split(' dev ')[1]?.split(' ')[0] ?? '' }))
  }
}

let folder: string
let network: TestNetwork
let machine: TestNamespace
let edge: TestNamespace
let supervised: SupervisedProcess
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-egress-'))
  network = new TestNetwork()
  machine = await network.namespace('machine')
  edge = await network.namespace('edge')
  const beyond = await network.namespace('world')
  await network.link({ namespace: machine, address: '198.18.0.2/24' }, { namespace: beyond, address: '198.18.0.1/24' })
  await beyond.ip(`address add ${world}/32 dev lo`)
  await (await network.peer(beyond)).serve('tcp', 80)
  const file = join(folder, 'edge')
  await writeFile(file, '')
  await realProcesses.run(['mount', '--bind', edge.path, file])
  const config = { ...defaults, name: 'one', home: folder }
  const deps = { namespaces: new OnlyEdge(edge, file), cgroups: new FakeCgroups(), processes: realProcesses, clock: systemClock }
  const spec = egressProcessSpec(config, { ...layoutOf(folder, 'one'), logs: folder }, deps)
  const clock = { ...systemClock, sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(Math.min(ms, 20), signal) }
  supervised = new SupervisedProcess({ ...spec, netns: machine.path }, { clock, log: silentLog, changed: () => {} })
})
afterEach(async () => {
  await supervised.stop()
  await network[Symbol.asyncDispose]()
  await realProcesses.run(['umount', join(folder, 'edge')])
  await rm(folder, { recursive: true })
})

function run(): void {
  const end = supervised.run()
  onTestFinished(() => end)
}

test('comes up as soon as the machine has a way out itself, and says until then what is missing', async () => {
  run()
  await expect.poll(() => readFile(join(folder, 'egress.log'), 'utf8')).toContain('External interface not usable')
  expect(supervised.state.state).not.toBe('ready')
  await machine.ip('route add default via 198.18.0.1')
  await supervised.ready
  expect(await (await network.peer(edge)).ask('tcp', world, 80)).toMatchObject({ server: 'world', client: '198.18.0.2' })
})

test('is there again when pasta has died, and says that it has', async () => {
  await machine.ip('route add default via 198.18.0.1')
  run()
  await supervised.ready
  process.kill(supervised.state.pid ?? 0, 'SIGKILL')
  await expect.poll(() => supervised.state).toMatchObject({ state: 'ready', restarts: 1, lastEnd: { signal: 'SIGKILL' } })
  expect(await (await network.peer(edge)).ask('tcp', world, 80)).toMatchObject({ server: 'world', client: '198.18.0.2' })
})

test('leads to the machine’s resolver, and to nothing else on its loopback', async () => {
  await machine.ip('route add default via 198.18.0.1')
  run()
  await supervised.ready
  const [onMachine, onEdge] = [await network.peer(machine), await network.peer(edge)]
  await onMachine.serve('udp', 53, '127.0.0.1')
  await onMachine.serve('tcp', 80, '127.0.0.1')
  expect(await onEdge.ask('udp', egressLink.gateway, 53)).toMatchObject({ server: 'machine' })
  await expect(onEdge.ask('tcp', egressLink.gateway, 80)).rejects.toMatchObject({ code: 'EHOSTUNREACH' })
})

test('looks for the way out less and less often while there is none', async () => {
  const pauses: number[] = []
  const stop = new AbortController()
  const sleep = async (ms: number) => {
    pauses.push(ms)
    if (pauses.length === 10) stop.abort()
    stop.signal.throwIfAborted()
  }
  const deps = { namespaces: new OnlyEdge(edge, ''), cgroups: new FakeCgroups(), processes: realProcesses, clock: { ...systemClock, sleep } }
  const { untilReady } = egressProcessSpec({ ...defaults, name: 'one', home: folder }, layoutOf(folder, 'one'), deps)
  await expect(untilReady?.(stop.signal)).rejects.toThrow('abort')
  expect(pauses).toEqual([20, 40, 80, 160, 320, 640, 1_280, 2_000, 2_000, 2_000])
})
