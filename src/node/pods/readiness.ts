import type { Pod } from '../../api/kinds/pod.ts'
import type { Health } from './memory.ts'

/** One running container that has probes may be watched by. */
export interface RunningContainer {
  readonly name: string
  readonly id: string
  readonly startedAt: Date
}

/** Says which containers are healthy, by their probes. */
export interface Readiness {
  /**
   * Tells which containers of a pod run now: all of them, in the place of what was told before. The callback is called
   * whenever the health of one of them changes.
   */
  follow(pod: Pod, podIP: string, running: readonly RunningContainer[], onChange: () => void): void
  /** Ends all probing of the pod. */
  forget(uid: string): void
  /** By container id; containers without probes have no entry. */
  healthOf(uid: string): ReadonlyMap<string, Health>
}
