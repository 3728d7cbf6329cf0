import type { Pod } from '../../api/kinds/pod.ts'
import { aboutContainer } from './container-reference.ts'
import { HookFailed, runHook } from './hooks.ts'
import type { PodDeps } from './pod-deps.ts'
import { findContainer } from './spec.ts'
import { shortestGraceSeconds } from './stopping.ts'

export type StopDeps = Pick<PodDeps, 'runtime' | 'clock' | 'events' | 'log'>

export interface ContainerStop {
  readonly pod: Pod | undefined
  readonly id: string
  /** Of the container in its pod. */
  readonly name: string
  readonly podIP: string
  /** When the container is killed at the latest. */
  readonly deadline: Date
  /** Of the Killing event. */
  readonly message: string
  /** A stop with less time follows one that is under way: hook and event were had. */
  readonly again: boolean
}

/**
 * Ends a container: preStop hook, SIGTERM, and SIGKILL at the deadline, but never sooner than two seconds after the
 * SIGTERM, however long the hook took. Resolves when it has ended.
 */
export async function stopContainer(deps: StopDeps, stop: ContainerStop): Promise<void> {
  const { pod, id, name, message, again } = stop
  if (pod !== undefined && !again) {
    deps.events.event(aboutContainer(pod, name), 'Normal', { reason: 'Killing', message })
    await beforeStop(deps, pod, stop)
  }
  await deps.runtime.stopContainer(id, Math.max(shortestGraceSeconds, secondsUntil(deps, stop.deadline)))
}

async function beforeStop(deps: StopDeps, pod: Pod, { id, name, podIP, deadline }: ContainerStop): Promise<void> {
  const spec = findContainer(pod, name)?.spec
  const hook = spec?.lifecycle?.preStop
  if (spec === undefined || hook === undefined) return
  const timeoutSeconds = Math.max(1, secondsUntil(deps, deadline))
  try {
    await runHook(deps, hook, { pod, spec, containerId: id, podIP, timeoutSeconds })
  } catch (error) {
    if (!(error instanceof HookFailed)) throw error
    deps.log.warn({ err: error, containerId: id }, 'preStop hook failed')
    const message = 'PreStopHook failed'
    deps.events.event(aboutContainer(pod, name), 'Warning', { reason: 'FailedPreStopHook', message })
  }
}

function secondsUntil({ clock }: StopDeps, deadline: Date): number {
  return Math.max(0, Math.ceil((deadline.getTime() - clock.now().getTime()) / 1000))
}
