import type { Pod } from '../../api/kinds/pod.ts'
import { aboutContainer } from '../pods/container-reference.ts'
import type { Health } from '../pods/memory.ts'
import type { ContainerSpec } from '../pods/spec.ts'
import type { Trouble } from './outcome.ts'
import { ProbeLoop } from './probe-loop.ts'
import type { ProberDeps } from './prober.ts'
import type { ProbeSpec } from './run-probe.ts'

export interface Watched {
  readonly pod: Pod
  readonly spec: ContainerSpec
  readonly containerId: string
  readonly podIP: string
  readonly startedAt: Date
  /** What another agent knew of this run and is believed until the probes have spoken; undefined for a new run. */
  readonly before: Health | undefined
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
  readonly #loops = new Map<ProbeName, ProbeLoop>()
  #health: Health

  constructor(deps: ProberDeps, watched: Watched) {
    const { spec, before } = watched
    this.#deps = deps
    this.#watched = watched
    const started = spec.startupProbe === undefined || before?.started === true
    this.#health = { started, ready: started && (spec.readinessProbe === undefined || before?.ready === true) }
    const isResumed = before !== undefined
    if (started) this.#watchStarted(isResumed)
    else this.#watchStartup(isResumed)
  }

  get health(): Health {
    return this.#health
  }

  stop(): void {
    for (const loop of this.#loops.values()) loop.stop()
    this.#loops.clear()
  }

  /** The pod is to end: whether it is ready is still of interest, whether it must be restarted is not. */
  onlyReadiness(): void {
    for (const name of ['Startup', 'Liveness'] as const) {
      this.#loops.get(name)?.stop()
      this.#loops.delete(name)
    }
  }

  #watchStartup(isResumed: boolean): void {
    this.#loop('Startup', isResumed, (succeeded) => {
      if (!succeeded) return this.#restart('startup')
      this.stop()
      this.#set({ started: true, ready: this.#watched.spec.readinessProbe === undefined })
      this.#watchStarted(false)
    })
  }

  #watchStarted(isResumed: boolean): void {
    this.#loop('Readiness', isResumed, (ready) => this.#set({ ...this.#health, ready }))
    this.#loop('Liveness', isResumed, (alive) => {
      if (!alive) this.#restart('liveness')
    })
  }

  #restart(failedProbe: 'startup' | 'liveness'): void {
    this.stop()
    this.#set({ ...this.#health, failedProbe })
  }

  #set(health: Health): void {
    this.#health = health
    this.#watched.onChange()
  }

  #loop(name: ProbeName, isResumed: boolean, onVerdict: (succeeded: boolean) => void): void {
    const probe = probeOf(this.#watched.spec, name)
    if (probe === undefined) return
    const onTrouble = (outcome: Trouble) => this.#tell(name, outcome)
    const options = { probe, target: this.#watched, isResumed, initially: this.#initially(name), onVerdict, onTrouble }
    this.#loops.set(name, new ProbeLoop(this.#deps, options))
  }

  /** Liveness is taken for granted until it fails; of the start both outcomes are news. */
  #initially(name: ProbeName): boolean | undefined {
    switch (name) {
      case 'Readiness':
        return this.#health.ready
      case 'Liveness':
        return true
      case 'Startup':
        return undefined
      default:
        return name satisfies never
    }
  }

  #tell(name: ProbeName, { result, message }: Trouble): void {
    const { pod, spec } = this.#watched
    const told = {
      failure: { reason: 'Unhealthy', message: `${name} probe failed: ${message}` },
      warning: { reason: 'ProbeWarning', message: `${name} probe warning: ${message}` },
      unknown: { reason: 'Unhealthy', message: `${name} probe errored and resulted in unknown state: ${message}` },
    }
    this.#deps.events.event(aboutContainer(pod, spec.name), 'Warning', told[result])
  }
}

function probeOf({ startupProbe, readinessProbe, livenessProbe }: ContainerSpec, name: ProbeName): ProbeSpec | undefined {
  return { Startup: startupProbe, Readiness: readinessProbe, Liveness: livenessProbe }[name]
}
