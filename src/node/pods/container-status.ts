import type { ContainerStatus, Pod } from '../../api/kinds/pod.ts'
import { rfc3339 } from '../../base/rfc3339.ts'
import type { Container } from '../cri/runtime.ts'
import { healthy } from './memory.ts'
import { mayRun, runsOf } from './observed.ts'
import { outlookOf, type Outlook, type Situation } from './outlook.ts'
import { containersOf, type PodContainer } from './spec.ts'

/** Bytes. */
const longestMessages = 12 * 1024

const unlocated = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was terminated',
}

type State = NonNullable<ContainerStatus['state']>

/** The status of one container as `kubectl describe pod` shows it. `blocked` while init containers are not through. */
export function containerStatusOf(situation: Situation, container: PodContainer, blocked: boolean): ContainerStatus {
  const runs = runsOf(situation.observed, container.spec.name)
  const [last] = runs
  if (last === undefined) return withoutRun(situation, container, blocked)
  const outlook = outlookOf(situation, container)
  const state = stateOf(situation, container, last, outlook)
  const before = state.waiting === undefined ? runs[1] : runs.find((run) => run.state !== 'created')
  const lastTerminated = before === undefined ? previousTermination(situation, container) : terminated(situation, before)
  const health = situation.memory.health.get(last.id) ?? healthy
  const isRunning = state.running !== undefined
  return {
    name: container.spec.name,
    state,
    lastState: lastTerminated === undefined ? {} : { terminated: lastTerminated },
    ready: container.role === 'init' ? state.terminated?.exitCode === 0 : isRunning && health.started && health.ready,
    started: isRunning && health.started,
    restartCount: last.metadata.attempt,
    image: container.spec.image ?? last.image,
    imageID: last.imageRef,
    containerID: containerIdOf(last),
  }
}

function stateOf(situation: Situation, { spec }: PodContainer, last: Container, outlook: Outlook): State {
  const failure = situation.memory.containerFailures.get(spec.name)
  if (situation.pod.metadata.deletionTimestamp !== undefined && last.state === 'exited') {
    return { terminated: terminated(situation, last) }
  }
  switch (outlook.next) {
    case 'keep':
    case 'replace':
      return { running: last.startedAt === undefined ? {} : { startedAt: rfc3339(last.startedAt) } }
    case 'resume':
      return { waiting: { reason: 'ContainerCreating' } }
    case 'wait':
      return { waiting: { reason: outlook.reason, message: outlook.message } }
    case 'start':
      if (failure !== undefined) return { waiting: { reason: failure.reason, message: failure.message } }
      return last.state === 'created' ? { waiting: { reason: 'ContainerCreating' } } : { terminated: terminated(situation, last) }
    case 'nothing':
      return { terminated: terminated(situation, last) }
    default:
      return outlook satisfies never
  }
}

/** Nothing is known to the runtime: the container was not made yet, or its remains are gone. */
function withoutRun(situation: Situation, container: PodContainer, blocked: boolean): ContainerStatus {
  const known = previousStatus(situation, container)
  if (known?.containerID !== undefined && known.containerID !== '') return lost(known)
  const failure = situation.memory.containerFailures.get(container.spec.name)
  const outlook = outlookOf(situation, container)
  const reason = blocked || hasInit(situation) ? 'PodInitializing' : 'ContainerCreating'
  const waiting = failure === undefined ? { reason } : { reason: failure.reason, message: failure.message }
  return {
    name: container.spec.name,
    state: { waiting: outlook.next === 'wait' ? { reason: outlook.reason, message: outlook.message } : waiting },
    lastState: {},
    ready: false,
    started: false,
    restartCount: known?.restartCount ?? 0,
    image: container.spec.image ?? '',
    imageID: '',
  }
}

function hasInit({ pod }: Situation): boolean {
  return (pod.spec.initContainers ?? []).length > 0
}

/** A container that ran and of which the runtime has no trace ended in an unknown way, upstream's exit code 137. */
function lost(known: ContainerStatus): ContainerStatus {
  if (known.state?.running === undefined) {
    return { ...known, ready: known.ready && known.state?.terminated?.exitCode === 0 }
  }
  const id = known.containerID === undefined ? {} : { containerID: known.containerID }
  return { ...known, state: { terminated: { ...unlocated, ...id } }, ready: false, started: false }
}

/** Of a pod that has ended a container that still waits to run has not run and never will: upstream says this of it. */
export function endedWithPod(status: ContainerStatus): ContainerStatus {
  return status.state?.waiting === undefined ? status : { ...status, state: { terminated: unlocated } }
}

function previousStatus({ pod }: Situation, { spec }: PodContainer): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {}
  return [...initContainerStatuses, ...containerStatuses].find(({ name }) => name === spec.name)
}

function previousTermination(situation: Situation, container: PodContainer): State['terminated'] {
  const known = previousStatus(situation, container)
  return known?.lastState?.terminated
}

function terminated({ pod }: Situation, run: Container): NonNullable<State['terminated']> {
  const exitCode = run.exitCode ?? 137
  const reason = run.reason ?? (mayRun(run) ? 'ContainerStatusUnknown' : '')
  return {
    exitCode,
    reason: reason === '' ? (exitCode === 0 ? 'Completed' : 'Error') : reason,
    ...(run.message === undefined || run.message === '' ? {} : { message: fitting(pod, run.message) }),
    ...(run.startedAt === undefined ? {} : { startedAt: rfc3339(run.startedAt) }),
    ...(run.finishedAt === undefined ? {} : { finishedAt: rfc3339(run.finishedAt) }),
    containerID: containerIdOf(run),
  }
}

/** All messages of a pod together are no longer than upstream lets them be. */
function fitting(pod: Pod, message: string): string {
  const bytes = Buffer.from(message)
  const longest = Math.floor(longestMessages / containersOf(pod).length)
  return bytes.length <= longest ? message : bytes.toString('utf8', 0, longest)
}

export function containerIdOf({ id }: Container): string {
  return `containerd://${id}`
}
