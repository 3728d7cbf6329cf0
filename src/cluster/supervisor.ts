import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Cgroups } from '../kernel/cgroups.ts'
import type { Namespaces } from '../kernel/namespaces.ts'
import { listenOnHost } from '../kernel/sockets.ts'
import { type ClusterConfig, planOf } from './config.ts'
import { type ControlServer, serveControl } from './control.ts'
import type { Layout } from './layout.ts'
import { clusterNetwork, nodeName } from './network.ts'
import type { ClusterState } from './state.ts'
import { type ProcessSpec, SupervisedProcess } from './supervised-process.ts'
import { nodeSystemCgroup, systemCgroup } from './cgroup-names.ts'
import { teardown, type TeardownDeps } from './teardown.ts'

export interface SupervisorDeps extends TeardownDeps {
  readonly clock: Clock
  readonly log: Log
  readonly namespaces: Namespaces
  readonly cgroups: Cgroups
  /** The command that runs one of our programs (`server`, `agent`, `edge`), without its arguments. */
  program(name: string): readonly [string, ...string[]]
}

/**
 * Runs one cluster until it is told to stop, over the control socket or by `stopped`: makes its network, keeps its
 * processes running, tells what is going on. Whatever a supervisor before left behind is taken over: its network and
 * its pods stay as they are. Resolves when nothing of the cluster is left; rejects, likewise, if it cannot be started.
 */
export async function supervise(
  config: ClusterConfig,
  layout: Layout,
  deps: SupervisorDeps,
  stopped: AbortSignal,
): Promise<void> {
  const status = new Status(config, deps.clock)
  const toStop = Promise.withResolvers<'stop'>()
  stopped.addEventListener('abort', () => toStop.resolve('stop'), { once: true })
  // What was aborted before has no event to come.
  if (stopped.aborted) toStop.resolve('stop')
  const control = await serveControl(layout.controlSocket, status.state, () => toStop.resolve('stop'))
  status.control = control
  let processes: readonly SupervisedProcess[] = []
  let runs: readonly Promise<void>[] = []
  try {
    await Promise.all([mkdir(layout.logs, { recursive: true }), mkdir(layout.run, { recursive: true, mode: 0o700 })])
    status.step('network')
    await clusterNetwork(config.name, deps.namespaces).up(planOf(config), config.nodes)
    status.step('processes')
    const { clock, log } = deps
    const supervised = { clock, log, changed: () => status.update(processes) }
    processes = processSpecs(config, layout, deps).map((spec) => new SupervisedProcess(spec, supervised))
    runs = processes.map((process) => process.run())
    // They end, unless told to, by failing.
    const end = Promise.race([toStop.promise, ...runs.map((run) => run.then(() => 'stop' as const))])
    if ((await Promise.race([end, allReady(processes, status)])) === 'ready') {
      status.become('ready')
      await end
    }
  } catch (error) {
    status.become('failed', error instanceof Error ? error.message : String(error))
    deps.log.error({ error }, 'cluster failed')
    throw error
  } finally {
    if (status.state.phase !== 'failed') status.become('stopping')
    try {
      await Promise.all(processes.map((process) => process.stop()))
      await Promise.allSettled(runs)
      await teardown(config.name, layout, deps)
    } finally {
      control.close()
    }
  }
}

async function allReady(processes: readonly SupervisedProcess[], status: Status): Promise<'ready'> {
  await Promise.all(processes.map(({ ready, state }) => ready.then(() => status.step(`${state.name} ready`))))
  return 'ready'
}

/** The processes of a cluster, in the order in which they are started. */
function processSpecs(config: ClusterConfig, layout: Layout, deps: SupervisorDeps): readonly ProcessSpec[] {
  const { names } = clusterNetwork(config.name, deps.namespaces)
  const server = spec('server', names.edge, systemCgroup(config.name), 'server')
  return [
    { ...server, listeners: async () => new Map([['api', await listenOnHost('127.0.0.1', config.apiPort)]]) },
    ...config.nodes.map((number) => {
      const cgroup = nodeSystemCgroup(config.name, number)
      return spec(nodeName(number), names.node(number), cgroup, 'agent', String(number))
    }),
    spec('edge', names.edge, systemCgroup(config.name), 'edge'),
  ]

  function spec(name: string, netns: string, cgroup: string, program: string, ...args: string[]): ProcessSpec {
    const command = [...deps.program(program), layout.home, config.name, ...args] as [string, ...string[]]
    return {
      name,
      netns: deps.namespaces.path(netns),
      // Whatever a process starts is in its group, so that it is found however that process ended.
      command: deps.cgroups.inside(cgroup, command),
      prepare: () => deps.cgroups.create(cgroup),
      logFile: join(layout.logs, `${name}.log`),
    }
  }
}

/** The state that is told over the control socket. */
class Status {
  readonly #clock: Clock
  readonly #startedMs: number
  control: ControlServer | undefined
  state: ClusterState

  constructor(config: ClusterConfig, clock: Clock) {
    this.#clock = clock
    this.#startedMs = clock.monotonicMs()
    this.state = {
      phase: 'starting',
      message: 'starting',
      config,
      supervisorPid: process.pid,
      processes: [],
      timeline: [],
    }
  }

  step(step: string): void {
    const atMs = Math.round(this.#clock.monotonicMs() - this.#startedMs)
    this.#set({ message: step, timeline: [...this.state.timeline, { step, atMs }] })
  }

  become(phase: ClusterState['phase'], message: string = phase): void {
    const atMs = Math.round(this.#clock.monotonicMs() - this.#startedMs)
    this.#set({ phase, message, timeline: [...this.state.timeline, { step: phase, atMs }] })
  }

  update(processes: readonly SupervisedProcess[]): void {
    this.#set({ processes: processes.map(({ state }) => state) })
  }

  #set(change: Partial<ClusterState>): void {
    this.state = { ...this.state, ...change }
    this.control?.publish(this.state)
  }
}
