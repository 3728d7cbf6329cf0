import type { Pod } from '../../api/kinds/pod.ts'
import type { Container } from '../cri/runtime.ts'
import type { Action } from './actions.ts'
import type { PodMemory } from './memory.ts'
import { mayRun, type ObservedPod } from './observed.ts'
import { findContainer } from './spec.ts'

/** Containers always get this long, as upstream's, so that even a forced deletion lets them end by themselves. */
export const shortestGraceSeconds = 2

export interface Stopping {
  /** Undefined for a pod that has left the API. */
  readonly pod: Pod | undefined
  readonly observed: ObservedPod
  readonly memory: PodMemory
  readonly now: Date
}

/**
 * The next step towards nothing of the pod running: main and init containers first, all at once; then sidecars, the
 * last one first, or all that are left once the pod's time is over; then sandboxes. Empty when all is still.
 */
export function stopActions({ pod, observed, memory, now }: Stopping): readonly Action[] {
  const running = observed.containers.filter(mayRun)
  const wave = graceSeconds(pod, now) > 0 ? nextWave(pod, running) : running
  if (wave.length > 0) {
    return wave
      .map((run) => ({ run, deadline: stopDeadline(pod, now) }))
      .filter(({ run, deadline }) => !isStoppingBy(memory, run.id, deadline))
      .map(({ run, deadline }) => stopContainer(run, deadline))
  }
  return observed.sandboxes.filter(({ state }) => state === 'ready').map(({ id }) => ({ do: 'stop-sandbox', id }))
}

/** Whether something is still being stopped or must be. */
export function isStill({ containers, sandboxes }: ObservedPod): boolean {
  return !containers.some(mayRun) && sandboxes.every(({ state }) => state === 'notReady')
}

export function stopContainer(run: Container, deadline: Date, message?: string): Action {
  return { do: 'stop-container', id: run.id, deadline, message: message ?? `Stopping container ${run.metadata.name}` }
}

/** A stop under way is left alone unless the pod has been given clearly less time since. */
export function isStoppingBy({ stopping }: PodMemory, id: string, deadline: Date): boolean {
  const current = stopping.get(id)
  return current !== undefined && current.getTime() <= deadline.getTime() + 1000
}

function nextWave(pod: Pod | undefined, running: readonly Container[]): readonly Container[] {
  const isSidecar = ({ metadata }: Container) =>
    pod !== undefined && findContainer(pod, metadata.name)?.role === 'sidecar'
  const others = running.filter((run) => !isSidecar(run))
  if (others.length > 0 || pod === undefined) return others
  const names = (pod.spec.initContainers ?? []).map(({ name }) => name)
  return [...running]
    .sort((a, b) => names.indexOf(b.metadata.name) - names.indexOf(a.metadata.name))
    .slice(0, 1)
}

/**
 * A pod marked for deletion goes by the time in the mark, so that a restarted agent does not begin the grace period
 * again; one that has left the API was deleted by force.
 */
function stopDeadline(pod: Pod | undefined, now: Date): Date {
  return new Date(now.getTime() + Math.max(shortestGraceSeconds, graceSeconds(pod, now)) * 1000)
}

function graceSeconds(pod: Pod | undefined, now: Date): number {
  if (pod === undefined) return 0
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata
  const whole = deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30
  if (deletionTimestamp === undefined) return whole
  return Math.min(whole, (Date.parse(deletionTimestamp) - now.getTime()) / 1000)
}
