import { mkdir } from 'node:fs/promises'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Processes } from '../kernel/processes.ts'
import { egressCgroup } from './cgroup-names.ts'
import { ClusterChanges } from './cluster-changes.ts'
import { type ClusterConfig, hasEgress, planOf } from './config.ts'
import { type ControlServer, serveControl } from './control.ts'
import { egressProcessSpec } from './egress/egress-process.ts'
import type { Layout } from './layout.ts'
import { clusterNetwork } from './network.ts'
import { NodeChanges } from './node-changes.ts'
import { ProcessGroup } from './process-group.ts'
import { type ProgramDeps, processSpecs } from './process-specs.ts'
import { PublishedPorts } from './published-ports.ts'
import type { ClusterState } from './state.ts'
import { StoredConfig } from './stored-config.ts'
import { teardown, type TeardownDeps } from './teardown.ts'
import { UserError } from './user-error.ts'

export interface SupervisorDeps extends TeardownDeps, ProgramDeps {
  readonly clock: Clock
  readonly log: Log
  readonly processes: Processes
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
  const { clock, log } = deps
  const group = new ProcessGroup({ clock, log, changed: () => status.update(group.states) })
  const specs = processSpecs(config.name, layout, deps)
  const stored = new StoredConfig(config, layout.configFile, (next) => status.configure(next))
  const published = new PublishedPorts({ config: stored, group, log })
  const changes = new ClusterChanges({ nodes: new NodeChanges({ ...deps, layout, config: stored, group, specs }), published })
  const control = await serveControl(layout.controlSocket, status.state, {
    stop: () => toStop.resolve('stop'),
    change: (change) => whenReady(status, () => changes.make(change)),
  })
  status.control = control
  try {
    await Promise.all([mkdir(layout.logs, { recursive: true }), mkdir(layout.run, { recursive: true, mode: 0o700 })])
    status.step('network')
    if (!hasEgress(config)) await deps.cgroups.kill(egressCgroup(config.name))
    await clusterNetwork(config.name, deps.namespaces).up(planOf(config), config.nodes)
    status.step('processes')
    const started = specs.of(config, () => published.openAll()).map((spec) => ({ name: spec.name, ...group.start(spec) }))
    if (hasEgress(config)) group.start(egressProcessSpec(config, layout, deps))
    const end = Promise.race([toStop.promise, ...started.map(({ failed }) => failed)])
    if ((await Promise.race([end, allReady(started, status)])) === 'ready') {
      status.become('ready')
      await end
    }
  } catch (error) {
    status.become('failed', error instanceof Error ? error.message : String(error))
    log.error({ error }, 'cluster failed')
    throw error
  } finally {
    if (status.state.phase !== 'failed') status.become('stopping')
    try {
      await group.close()
      await changes.settled()
      await teardown(config.name, layout, deps)
    } finally {
      control.close()
    }
  }
}

interface Started {
  readonly name: string
  readonly ready: Promise<void>
}

async function allReady(started: readonly Started[], status: Status): Promise<'ready'> {
  await Promise.all(started.map(({ name, ready }) => ready.then(() => status.step(`${name} ready`))))
  return 'ready'
}

/** Changes are made only while the cluster is up: its start and its end have them in hand. */
async function whenReady(status: Status, change: () => Promise<void>): Promise<void> {
  const { phase } = status.state
  if (phase !== 'ready') throw new UserError(`the cluster is ${phase}: try again when it is ready`)
  return change()
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

  update(processes: ClusterState['processes']): void {
    this.#set({ processes })
  }

  configure(config: ClusterConfig): void {
    this.#set({ config })
  }

  #set(change: Partial<ClusterState>): void {
    this.state = { ...this.state, ...change }
    this.control?.publish(this.state)
  }
}
