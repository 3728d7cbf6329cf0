import type { Container } from '../cri/runtime.ts'
import { outlookOf, type Outlook, type Situation } from './outlook.ts'
import { mayRun, runsOf } from './observed.ts'
import { initContainersOf, mainContainersOf, type PodContainer } from './spec.ts'

/** How far a pod has come. */
export interface Progress {
  /** Init containers and sidecars that are not through yet, in order; empty once main containers may run. */
  readonly pendingInit: readonly PendingInit[]
  /** An init container has failed and the restart policy forbids another try. */
  readonly initFailed: boolean
  /** Why the pod as a whole has failed, whatever its containers do. */
  readonly failure: PodVerdict | undefined
  /** Nothing of the pod will run again. */
  readonly finished: boolean
}

export interface PendingInit {
  readonly container: PodContainer
  readonly outlook: Outlook
}

export interface PodVerdict {
  readonly reason: 'DeadlineExceeded'
  readonly message: string
}

export const deadlineMessage = 'Pod was active on the node longer than the specified deadline'

export function progressOf(situation: Situation): Progress {
  const { pod } = situation
  const pendingInit = pendingInitOf(situation)
  const initFailed = pendingInit.some(({ container, outlook }) => container.role === 'init' && failedForGood(outlook))
  const failure = deadlineExceeded(situation)
  const phase = pod.status?.phase
  const finished =
    phase === 'Succeeded' || phase === 'Failed' || failure !== undefined || initFailed || mainsEnded(situation)
  return { pendingInit, initFailed, failure, finished }
}

function mainsEnded(situation: Situation): boolean {
  return mainContainersOf(situation.pod).every((container) => outlookOf(situation, container).next === 'nothing')
}

/** In a sandbox that has a main container, all init containers were through: their remains may be gone. */
function pendingInitOf(situation: Situation): readonly PendingInit[] {
  const { pod, observed } = situation
  const sandboxId = observed.sandboxes[0]?.id
  const begun = mainContainersOf(pod).some(({ spec }) =>
    runsOf(observed, spec.name).some((run) => run.sandboxId === sandboxId),
  )
  if (begun) return []
  return initContainersOf(pod)
    .map((container) => ({ container, outlook: outlookOf(situation, container) }))
    .filter(({ container, outlook }) => !isThrough(situation, container, outlook))
}

function isThrough({ memory }: Situation, { role }: PodContainer, outlook: Outlook): boolean {
  if (role === 'sidecar') return outlook.next === 'keep' && memory.health.get(outlook.run.id)?.started !== false
  return outlook.next === 'nothing' && outlook.run.exitCode === 0 && !mayRun(outlook.run)
}

function failedForGood(outlook: Outlook): boolean {
  return outlook.next === 'nothing' && ended(outlook.run) && outlook.run.exitCode !== 0
}

function ended({ state }: Container): boolean {
  return state === 'exited'
}

function deadlineExceeded({ pod, now }: Situation): PodVerdict | undefined {
  const deadline = deadlineOf(pod)
  if (deadline === undefined || deadline > now) return undefined
  return { reason: 'DeadlineExceeded', message: deadlineMessage }
}

/** When `activeDeadlineSeconds` are over; undefined without such a limit or before the pod was first seen. */
export function deadlineOf({ spec, status }: Situation['pod']): Date | undefined {
  if (spec.activeDeadlineSeconds === undefined || status?.startTime === undefined) return undefined
  return new Date(Date.parse(status.startTime) + spec.activeDeadlineSeconds * 1000)
}
