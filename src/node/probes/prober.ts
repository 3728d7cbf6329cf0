import type { Pod } from '../../api/kinds/pod.ts'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'
import type { Health } from '../pods/memory.ts'
import type { Readiness, RunningContainer } from '../pods/readiness.ts'
import { findContainer, type ContainerSpec } from '../pods/spec.ts'
import { ContainerWatch } from './container-watch.ts'

export interface ProberDeps {
  readonly runtime: ContainerRuntime
  readonly events: EventRecorder
  readonly clock: Clock
  readonly log: Log
}

/** Runs the probes of all containers of a node. */
export class Prober implements Readiness {
  readonly #deps: ProberDeps
  /** By pod uid, then by container id. */
  readonly #watches = new Map<string, Map<string, ContainerWatch>>()

  constructor(deps: ProberDeps) {
    this.#deps = deps
  }

  follow(pod: Pod, podIP: string, running: readonly RunningContainer[], onChange: () => void): void {
    const watches = this.#watches.get(pod.metadata.uid) ?? new Map<string, ContainerWatch>()
    this.#watches.set(pod.metadata.uid, watches)
    const ids = new Set(running.map(({ id }) => id))
    for (const [id, watch] of watches) {
      if (ids.has(id)) continue
      watch.stop()
      watches.delete(id)
    }
    for (const { name, id, startedAt } of running) {
      const spec = findContainer(pod, name)?.spec
      if (watches.has(id) || spec === undefined || !hasProbes(spec)) continue
      const watched = { pod, spec, containerId: id, podIP, startedAt, before: healthBefore(pod, id), onChange }
      watches.set(id, new ContainerWatch(this.#deps, watched))
    }
    if (pod.metadata.deletionTimestamp !== undefined) for (const watch of watches.values()) watch.onlyReadiness()
  }

  forget(uid: string): void {
    for (const watch of this.#watches.get(uid)?.values() ?? []) watch.stop()
    this.#watches.delete(uid)
  }

  healthOf(uid: string): ReadonlyMap<string, Health> {
    const watches = this.#watches.get(uid) ?? new Map<string, ContainerWatch>()
    return new Map([...watches].map(([id, watch]) => [id, watch.health]))
  }

  /** Ends all probing. */
  stop(): void {
    for (const uid of this.#watches.keys()) this.forget(uid)
  }
}

function hasProbes({ readinessProbe, livenessProbe, startupProbe }: ContainerSpec): boolean {
  return [readinessProbe, livenessProbe, startupProbe].some((probe) => probe !== undefined)
}

/** What was last written of a container that still runs; undefined for a run that no status tells of. */
function healthBefore({ status }: Pod, id: string): Health | undefined {
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
  const known = all.find(({ containerID }) => containerID?.endsWith(`//${id}`) === true)
  return known && { started: known.started ?? false, ready: known.ready }
}
