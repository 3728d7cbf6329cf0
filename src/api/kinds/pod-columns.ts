/** What `kubectl get pods` says of a pod, as pkg/printers/internalversion `printPod` works it out. */
import { timeSince } from '../columns.ts'
import type { Column } from '../kind.ts'
import type { ContainerStatus, Pod, PodStatus } from './pod.ts'

export const readyColumn: Column<Pod> = {
  name: 'Ready',
  type: 'string',
  description: 'Containers that are ready, of those that should be.',
  priority: 0,
  cell(pod) {
    const { ready, total } = summarize(pod)
    return `${ready}/${total}`
  },
}

export const statusColumn: Column<Pod> = {
  name: 'Status',
  type: 'string',
  description: 'What the pod is doing, or why it is not.',
  priority: 0,
  cell: (pod) => summarize(pod).reason,
}

export const restartsColumn: Column<Pod> = {
  name: 'Restarts',
  type: 'string',
  description: 'How often its containers were restarted, and when last.',
  priority: 0,
  cell(pod, now) {
    const { restarts, lastRestart } = summarize(pod)
    const hasTime = restarts > 0 && lastRestart !== undefined
    return hasTime ? `${restarts} (${timeSince(lastRestart, now)} ago)` : String(restarts)
  },
}

export const readinessGatesColumn: Column<Pod> = {
  name: 'Readiness Gates',
  type: 'string',
  description: 'Further conditions that are met, of those that readiness asks for.',
  priority: 1,
  cell({ spec, status }) {
    const gates = spec.readinessGates ?? []
    const met = gates.filter(({ conditionType }) => isTrue(status, conditionType))
    return gates.length === 0 ? '<none>' : `${met.length}/${gates.length}`
  },
}

interface Summary {
  readonly ready: number
  readonly total: number
  readonly reason: string
  readonly restarts: number
  /** RFC 3339; undefined if nothing has been restarted. */
  readonly lastRestart: string | undefined
}

function summarize(pod: Pod): Summary {
  const statuses = pod.status?.containerStatuses ?? []
  const init = summarizeInit(pod)
  const counted = init.isUnderWay ? init.all : [...init.sidecars, ...statuses]
  const ready = init.isUnderWay ? [] : statuses.filter(isUp)
  const own = init.reason ?? podReason(pod.status ?? {})
  const current = init.isUnderWay ? own : containersReason(pod, own)
  return {
    ready: init.readySidecars + ready.length,
    total: pod.spec.containers.length + sidecarNames(pod).size,
    reason: endingReason(pod) ?? current,
    restarts: counted.reduce((sum, { restartCount }) => sum + restartCount, 0),
    lastRestart: latest(counted.map(({ lastState }) => lastState?.terminated?.finishedAt)),
  }
}

/** On its way out, whatever its containers do. */
function endingReason({ metadata, status }: Pod): string | undefined {
  if (metadata.deletionTimestamp === undefined) return undefined
  if (status?.reason === 'NodeLost') return 'Unknown'
  return status?.phase === 'Succeeded' || status?.phase === 'Failed' ? undefined : 'Terminating'
}

/** The pod's own word, before any container is looked at. */
function podReason({ phase = '', reason = '', conditions = [] }: PodStatus): string {
  const isGated = conditions.some((one) => one.type === 'PodScheduled' && one.reason === 'SchedulingGated')
  return isGated ? 'SchedulingGated' : reason || phase
}

interface InitSummary {
  /** Whether an init container holds the others back. */
  readonly isUnderWay: boolean
  /** What the first one that is not done has to say, or a sidecar that no longer runs. */
  readonly reason: string | undefined
  readonly readySidecars: number
  /** Those looked at: up to and with the one that is not done. */
  readonly all: readonly ContainerStatus[]
  readonly sidecars: readonly ContainerStatus[]
}

function summarizeInit(pod: Pod): InitSummary {
  const names = sidecarNames(pod)
  const statuses = pod.status?.initContainerStatuses ?? []
  const isSidecar = ({ name }: ContainerStatus) => names.has(name)
  const isDone = (status: ContainerStatus) =>
    status.state?.terminated?.exitCode === 0 || (isSidecar(status) && status.started === true)
  const at = statuses.findIndex((status) => !isDone(status))
  const current = statuses[at]
  const all = current === undefined ? statuses : statuses.slice(0, at + 1)
  const done = current === undefined ? statuses : statuses.slice(0, at)
  return {
    isUnderWay: current !== undefined && !isTrue(pod.status, 'Initialized'),
    reason: current === undefined ? undefined : initReason(current, at, pod.spec.initContainers?.length ?? 0),
    readySidecars: done.filter((status) => isSidecar(status) && isStillReady(status)).length,
    all,
    sidecars: all.filter(isSidecar),
  }
}

function isStillReady({ ready, state }: ContainerStatus): boolean {
  return ready && state?.terminated === undefined
}

function initReason({ state }: ContainerStatus, index: number, count: number): string {
  const waiting = state?.waiting?.reason ?? ''
  if (state?.terminated !== undefined) return `Init:${terminatedReason(state.terminated)}`
  return waiting === '' || waiting === 'PodInitializing' ? `Init:${index}/${count}` : `Init:${waiting}`
}

/** The first container that has something to say speaks for the pod. */
function containersReason({ status }: Pod, otherwise: string): string {
  const statuses = status?.containerStatuses ?? []
  const reason = statuses.map(containerReason).find((spoken) => spoken !== undefined) ?? otherwise
  if (reason !== 'Completed' || !statuses.some(isUp)) return reason
  return isTrue(status, 'Ready') ? 'Running' : 'NotReady'
}

function isUp({ ready, state }: ContainerStatus): boolean {
  return ready && state?.running !== undefined
}

function containerReason({ state }: ContainerStatus): string | undefined {
  const waiting = state?.waiting?.reason ?? ''
  if (waiting !== '') return waiting
  return state?.terminated === undefined ? undefined : terminatedReason(state.terminated)
}

type Terminated = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>

function terminatedReason({ reason = '', signal = 0, exitCode }: Terminated): string {
  if (reason !== '') return reason
  return signal === 0 ? `ExitCode:${exitCode}` : `Signal:${signal}`
}

function sidecarNames({ spec }: Pod): ReadonlySet<string> {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return new Set(sidecars.map(({ name }) => name))
}

function isTrue(status: PodStatus | undefined, type: string): boolean {
  return (status?.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True')
}

function latest(times: readonly (string | undefined)[]): string | undefined {
  return times.filter((time) => time !== undefined).sort((a, b) => Date.parse(b) - Date.parse(a))[0]
}
