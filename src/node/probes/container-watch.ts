import type { Pod } from '../../api/kinds/pod.ts'
import type { Health } from '../pods/memory.ts'
import type { ContainerSpec } from '../pods/spec.ts'
import type { ProberDeps } from './prober.ts'
import { ProbeLoop } from './probe-loop.ts'
import type { ProbeSpec } from './run-probe.ts'

export interface Watched {
  readonly pod: Pod
  readonly spec: ContainerSpec
  readonly containerId: string
  readonly podIP: string
  readonly startedAt: Date
  /** What is believed until the probes have spoken. */
  readonly before: Health
  onChange(): void
}

type ProbeName = 'Startup' | 'Readiness' | 'Liveness'

/**
 * The probes of one run of a container: startup alone until it succeeds, then readiness and liveness
 * (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle#container-probes).
 */
export class ContainerWatch {
  readonly #deps: ProberDeps
  readonly #watched: Watched
  #loops: ProbeLoop[] = []
  #health: Health

  constructor(deps: ProberDeps, watched: Watched) {
    const { spec, before } = watched
    this.#deps = deps
    this.#watched = watched
    const started = spec.startupProbe === undefined || before.started
    this.#health = { started, ready: started && (spec.readinessProbe === undefined || before.ready) }
    if (started) this.#watchStarted()
    else this.#watchStartup()
  }

  get health(): Health {
    return this.#health
  }

  stop(): void {
    for (const loop of this.#loops) loop.stop()
    this.#loops = []
  }

  #watchStartup(): void {
    this.#loop('Startup', this.#watched.spec.startupProbe, (succeeded) => {
      if (!succeeded) return this.#restart('startup')
      this.stop()
      this.#set({ started: true, ready: this.#watched.spec.readinessProbe === undefined })
      this.#watchStarted()
    })
  }

  #watchStarted(): void {
    const { readinessProbe, livenessProbe } = this.#watched.spec
    this.#loop('Readiness', readinessProbe, (ready) => this.#set({ ...this.#health, ready }))
    this.#loop('Liveness', livenessProbe, (alive) => {
      if (!alive) this.#restart('liveness')
    })
  }

  #restart(probe: 'startup' | 'liveness'): void {
    this.stop()
    const mustRestart = `Container ${this.#watched.spec.name} failed ${probe} probe, will be restarted`
    this.#set({ ...this.#health, mustRestart })
  }

  #set(health: Health): void {
    this.#health = health
    this.#watched.onChange()
  }

  #loop(name: ProbeName, probe: ProbeSpec | undefined, onVerdict: (succeeded: boolean) => void): void {
    if (probe === undefined) return
    const { pod } = this.#watched
    const onFailure = (message: string) =>
      this.#deps.events.event(pod, 'Warning', { reason: 'Unhealthy', message: `${name} probe failed: ${message}` })
    // A readiness probe has to find out from the start; liveness is taken for granted until it fails.
    const initially = name === 'Readiness' ? this.#health.ready : name === 'Liveness'
    this.#loops.push(new ProbeLoop(this.#deps, { probe, target: this.#watched, initially, onVerdict, onFailure }))
  }
}
