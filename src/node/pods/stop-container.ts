import type { Pod } from '../../api/kinds/pod.ts'
import type { Container } from '../cri/runtime.ts'
import { runHook } from './hooks.ts'
import type { PodDeps } from './pod-deps.ts'
import { findContainer } from './spec.ts'

export interface ContainerStop {
  readonly pod: Pod | undefined
  readonly run: Container
  readonly podIP: string
  /** When the container is killed at the latest. */
  readonly deadline: Date
  /** Of the Killing event. */
  readonly message: string
  /** A stop with less time follows one that is under way: hook and event were had. */
  readonly again: boolean
}

/** Ends a container: preStop hook, SIGTERM, and SIGKILL at the deadline. Resolves when it has ended. */
export async function stopContainer(deps: PodDeps, stop: ContainerStop): Promise<void> {
  const { pod, run, message, again } = stop
  if (pod !== undefined && !again) {
    deps.events.event(pod, 'Normal', { reason: 'Killing', message })
    await beforeStop(deps, pod, stop)
  }
  await deps.runtime.stopContainer(run.id, secondsUntil(deps, stop.deadline))
}

async function beforeStop(deps: PodDeps, pod: Pod, { run, podIP, deadline }: ContainerStop): Promise<void> {
  const spec = findContainer(pod, run.metadata.name)?.spec
  const hook = spec?.lifecycle?.preStop
  if (spec === undefined || hook === undefined) return
  const timeoutSeconds = Math.max(1, secondsUntil(deps, deadline))
  try {
    await runHook(deps.runtime, hook, { pod, spec, containerId: run.id, podIP, timeoutSeconds })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    deps.events.event(pod, 'Warning', { reason: 'FailedPreStopHook', message: `PreStopHook failed: ${why}` })
  }
}

function secondsUntil({ clock }: PodDeps, deadline: Date): number {
  return Math.max(0, Math.ceil((deadline.getTime() - clock.now().getTime()) / 1000))
}
