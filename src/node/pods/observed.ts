import type { Container, PodSandbox } from '../cri/runtime.ts'

/** All that the runtime has of one pod. */
export interface ObservedPod {
  /** Newest first; the first one has its `ip`. */
  readonly sandboxes: readonly PodSandbox[]
  /** With their status, newest first. */
  readonly containers: readonly Container[]
}

export const nothingObserved: ObservedPod = { sandboxes: [], containers: [] }

/** The sandbox that containers are started in: the newest, if it lives. */
export function currentSandbox({ sandboxes: [newest] }: ObservedPod): PodSandbox | undefined {
  return newest?.state === 'ready' ? newest : undefined
}

/** The runs of one container, newest first. */
export function runsOf({ containers }: ObservedPod, name: string): readonly Container[] {
  return containers.filter((container) => container.metadata.name === name)
}

/** Whether something of it may still execute. After a crash of the runtime a state can be unknown. */
export function mayRun({ state }: Container): boolean {
  return state === 'running' || state === 'unknown'
}

export function isEmpty({ sandboxes, containers }: ObservedPod): boolean {
  return sandboxes.length === 0 && containers.length === 0
}

interface Attempted {
  readonly metadata: { readonly attempt: number }
  readonly createdAt: Date
}

export function newestFirst(a: Attempted, b: Attempted): number {
  return b.metadata.attempt - a.metadata.attempt || b.createdAt.getTime() - a.createdAt.getTime()
}
