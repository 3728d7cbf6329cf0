import { Pods, type Pod } from '../../api/kinds/pod.ts'
import { Services } from '../../api/kinds/service.ts'
import { keyOf } from '../../api/object.ts'
import { atRest } from '../../base/at-rest.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { silentLog } from '../../base/log.ts'
import { Turns } from '../../base/turns.ts'
import { informer } from '../../client/informer.ts'
import { MemoryClient } from '../../client/memory-client.ts'
import { FakeRuntime, type FakeProgram } from '../cri/fake-runtime.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'
import { Prober } from '../probes/prober.ts'
import type { Withdrawal } from '../withdrawal/withdrawals.ts'
import { NodePods } from './node-pods.ts'
import { nodePaths } from './paths.ts'
import type { PodDeps } from './pod-deps.ts'
import { RuntimeView } from './runtime-view.ts'
import { apiSources } from './sources.ts'
import { scratchDirectory, scratchFile } from './test-pods.ts'

/** The pod that most tests are about. */
const podKey = 'default/web'

type PodState = (pod: Pod | undefined) => boolean

/** Moves of the clock after which what has not come will not come. */
const mostTimers = 300

/** A node on fakes, whose agent can be killed and started again. */
export interface TestNode extends AsyncDisposable {
  readonly client: MemoryClient
  readonly runtime: FakeRuntime
  readonly clock: ManualClock
  /** `Type Reason Message` of all events so far. */
  readonly events: readonly string[]
  readonly withdrawal: TestWithdrawal
  /** What the programs of pods have not accepted yet, and how long it takes to see that. */
  readonly backlog: { connections: number; lookTakesMs: number }
  readonly directory: string
  /** Starts an agent, perhaps with a runtime of its own in front of the node's. */
  startAgent(runtime?: ContainerRuntime): TestAgent
  /** A runtime in front of the node's whose caller dies at a call; give it to `startAgent`. */
  dyingRuntime(fatalCall: number, when: 'before' | 'after'): DyingRuntime
  pod(key?: string): Pod | undefined
  /** Lets everything happen that needs no time; the pod must have been so in the course of it, however briefly. */
  until(holds: PodState): Promise<void>
  /** Moves the clock from timer to timer, each once nothing is left to happen before it, until the pod has been so. */
  passTimeUntil(holds: PodState): Promise<void>
}

export interface TestAgent {
  /** The agent ends; what runs goes on running. */
  kill(): void
  readonly ended: Promise<void>
}

/** Says what a test has told it. */
export class TestWithdrawal implements Withdrawal {
  #waitsFor: readonly string[] = []
  #hasServed = false
  readonly #followers = new Map<string, () => void>()

  waitFor(...whom: string[]): void {
    this.#waitsFor = whom
    this.#hasServed = true
    for (const onChange of this.#followers.values()) onChange()
  }

  waitsFor(): readonly string[] {
    return this.#waitsFor
  }

  hasServed(): boolean {
    return this.#hasServed
  }

  follow(uid: string, onChange: () => void): void {
    this.#followers.set(uid, onChange)
  }

  forget(uid: string): void {
    this.#followers.delete(uid)
  }
}

export async function testNode(programs: Readonly<Record<string, FakeProgram>> = { kubia: {} }): Promise<TestNode> {
  const scratch = await scratchDirectory()
  const clock = new ManualClock()
  const client = new MemoryClient({ now: () => clock.now() })
  const runtime = new FakeRuntime({ clock, images: programs })
  const events: string[] = []
  const agents: TestAgent[] = []
  const dead = Promise.withResolvers<never>()
  // Whether anybody waits for the dead does not matter.
  dead.promise.catch(() => {})
  const withdrawal = new TestWithdrawal()
  const backlog = { connections: 0, lookTakesMs: 0 }
  const common = {
    client,
    clock,
    log: silentLog,
    node: {
      name: 'node-1',
      hostIP: '192.168.99.11',
      allocatable: { cpu: 2, memory: 2 ** 33, 'ephemeral-storage': 2 ** 36 },
    },
    paths: nodePaths(scratch.path),
    volumeTurns: new Turns(),
    tmpfs: { mount: async () => {}, unmountUnder: async () => {} },
    cgroups: { limit: async () => false, remove: async () => {}, processes: async (path: string) => (path === '/test/besteffort/poduid-1' ? [1] : []) },
    unacceptedConnections: async () => {
      clock.advance(backlog.lookTakesMs)
      return backlog.connections
    },
    cgroupRoot: '/test',
    clusterDns: { server: '10.96.0.10', domain: 'cluster.local', forwards: true },
    nodeResolvConfPath: await scratchFile(scratch.path, 'resolv.conf', 'nameserver 192.0.2.1\n'),
    nodeHostsPath: await scratchFile(scratch.path, 'hosts', '127.0.0.1 localhost\n'),
    events: {
      event: (_about: unknown, type: string, { reason, message }: { reason: string; message: string }) =>
        void events.push(`${type} ${reason} ${message}`),
    },
    isPinned: (image: string) => image in programs,
    withdrawal,
  }
  const pod = (key = podKey) => client.peek(Pods, key)
  const world = { client, clock, runtime }
  return {
    client,
    runtime,
    clock,
    events,
    withdrawal,
    backlog,
    directory: scratch.path,
    pod,
    startAgent(own = runtime) {
      const agent = startAgent(own, common)
      agents.push(agent)
      return agent
    },
    dyingRuntime: (fatalCall, when) => dyingRuntime(runtime, { fatalCall, when, never: dead.promise }),
    until: (holds) => passTime(world, holds, 0),
    passTimeUntil: (holds) => passTime(world, holds, mostTimers),
    async [Symbol.asyncDispose]() {
      for (const agent of agents) agent.kill()
      // Lets what was hanging end, so that nothing is written into the directory any more.
      dead.reject(new Error('the test is over'))
      await Promise.all(agents.map(({ ended }) => ended))
      await scratch[Symbol.asyncDispose]()
    },
  }
}

/** Rejects if the pod has not been so and is not, after so many timers. */
async function passTime(
  { client, clock, runtime }: Pick<TestNode, 'client' | 'clock' | 'runtime'>,
  holds: PodState,
  timers: number,
): Promise<void> {
  await using versions = await eachVersion(client, holds)
  await atRest()
  for (let passed = 0; !versions.held(); passed += 1) {
    const nextMs = clock.nextTimerMs
    if (passed === timers || nextMs === undefined) {
      const { status } = client.peek(Pods, podKey) ?? {}
      const calls = runtime.calls.slice(-20).join(', ')
      throw new Error(`not so at rest, after ${passed} timers: ${JSON.stringify(status)}, last calls: ${calls}`)
    }
    clock.advance(nextMs)
    await atRest()
  }
}

/** Looks at every version of the pod from now on: one that is soon replaced counts too. */
async function eachVersion(client: MemoryClient, holds: PodState): Promise<AsyncDisposable & { held(): boolean }> {
  const stop = new AbortController()
  const { resourceVersion } = await client.list(Pods)
  let held = holds(client.peek(Pods, podKey))
  const follow = async () => {
    for await (const event of client.watch(Pods, { resourceVersion, signal: stop.signal })) {
      if (event.type === 'BOOKMARK' || keyOf(event.object) !== podKey) continue
      held ||= holds(event.type === 'DELETED' ? undefined : event.object)
    }
  }
  const following = follow()
  return {
    // What it waits for need not be in the pod.
    held: () => held || holds(client.peek(Pods, podKey)),
    [Symbol.asyncDispose]() {
      stop.abort()
      return following
    },
  }
}

function startAgent(
  runtime: ContainerRuntime,
  common: Omit<PodDeps, 'runtime' | 'view' | 'services' | 'sources' | 'readiness'>,
): TestAgent {
  const stop = new AbortController()
  const { client, clock, log } = common
  const scope = { clock, log, signal: stop.signal, random: () => 0.5 }
  const pods = informer(client, Pods, { ...scope, fieldSelector: 'spec.nodeName=node-1' })
  const deps: PodDeps = {
    ...common,
    runtime,
    view: new RuntimeView(runtime),
    // An agent that is started again has no tokens left.
    sources: apiSources(client, clock),
    services: informer(client, Services, scope),
    readiness: new Prober({ runtime, events: common.events, clock, log }),
  }
  return { kill: () => stop.abort(), ended: new NodePods(deps, pods, stop.signal).run() }
}

interface Death {
  readonly fatalCall: number
  readonly when: 'before' | 'after'
  readonly never: Promise<never>
}

/** The fatal call and all later ones never return. `after` lets the fatal call take effect. */
function dyingRuntime(runtime: FakeRuntime, { fatalCall, when, never }: Death): DyingRuntime {
  let count = 0
  const proxy = new Proxy(runtime, {
    get(target, property) {
      const method: unknown = Reflect.get(target, property)
      if (typeof method !== 'function') return method
      if (property === 'events') return (signal: AbortSignal) => target.events(signal)
      return async (...input: unknown[]) => {
        count += 1
        if (count > fatalCall || (count === fatalCall && when === 'before')) return never
        const result: unknown = await Reflect.apply(method, target, input)
        return count >= fatalCall ? never : result
      }
    },
  })
  return {
    runtime: proxy,
    get isDead() {
      return count >= fatalCall
    },
  }
}

export interface DyingRuntime {
  readonly runtime: ContainerRuntime
  readonly isDead: boolean
}

export function markDeleted(client: MemoryClient, pod: Pod, at: Date, graceSeconds: number): void {
  const current = client.peek(Pods, keyOf(pod)) ?? pod
  const deletionTimestamp = new Date(at.getTime() + graceSeconds * 1000).toISOString()
  client.seed(Pods, {
    ...current,
    metadata: { ...current.metadata, deletionTimestamp, deletionGracePeriodSeconds: graceSeconds },
  })
}
