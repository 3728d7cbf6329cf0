import type { ContainerStatus, Pod, PodStatus } from '../../api/kinds/pod.ts'
import { rfc3339 } from '../../base/rfc3339.ts'
import { containersReadyFinding, foldConditions, initializedFinding, readyFinding, type Finding } from './conditions.ts'
import { containerStatusOf, endedWithPod } from './container-status.ts'
import { currentSandbox, mayRun } from './observed.ts'
import type { Situation } from './outlook.ts'
import { progressOf, type Progress } from './progress.ts'
import { initContainersOf, mainContainersOf, type PodContainer } from './spec.ts'

/** The node, as far as pods' statuses tell of it. */
export interface StatusFacts {
  readonly hostIP: string
}

/** The part of a pod's status that is the agent's; the other fields are never touched. */
export type OwnStatus = Pick<
  PodStatus,
  | 'phase'
  | 'conditions'
  | 'message'
  | 'reason'
  | 'hostIP'
  | 'hostIPs'
  | 'podIP'
  | 'podIPs'
  | 'startTime'
  | 'initContainerStatuses'
  | 'containerStatuses'
  | 'observedGeneration'
>

export const ownStatusFields: readonly (keyof OwnStatus)[] = [
  'phase',
  'conditions',
  'message',
  'reason',
  'hostIP',
  'hostIPs',
  'podIP',
  'podIPs',
  'startTime',
  'initContainerStatuses',
  'containerStatuses',
  'observedGeneration',
]

/** Compiles a pod's status from what is there. Equal situations give equal statuses, times of conditions apart. */
export function compileStatus(situation: Situation, { hostIP }: StatusFacts): OwnStatus {
  const { pod, now } = situation
  const progress = progressOf(situation)
  const statuses = containerStatuses(situation, progress)
  const phase = phaseOf(situation, progress, statuses)
  const podIP = podIPOf(situation, hostIP)
  return {
    phase,
    conditions: foldConditions(pod, findings(situation, progress, statuses, phase), now),
    ...verdictOf(situation, progress, phase),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(podIP === undefined ? {} : { podIP, podIPs: [{ ip: podIP }] }),
    startTime: pod.status?.startTime ?? rfc3339(now),
    ...(statuses.init.length === 0 ? {} : { initContainerStatuses: statuses.init }),
    containerStatuses: hasEnded(phase, progress) ? statuses.main.map(endedWithPod) : statuses.main,
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
  }
}

/** Main containers of a pod whose init containers were never through have no part in its end. */
function hasEnded(phase: string, { pendingInit }: Progress): boolean {
  return (phase === 'Succeeded' || phase === 'Failed') && pendingInit.length === 0
}

interface Statuses {
  readonly init: ContainerStatus[]
  readonly main: ContainerStatus[]
}

function containerStatuses(situation: Situation, { pendingInit }: Progress): Statuses {
  const blocked = pendingInit.length > 0
  const statusOf = (container: PodContainer) => containerStatusOf(situation, container, blocked)
  return { init: initContainersOf(situation.pod).map(statusOf), main: mainContainersOf(situation.pod).map(statusOf) }
}

function findings(situation: Situation, progress: Progress, statuses: Statuses, phase: string): Finding[] {
  const { pod, observed } = situation
  const networked = currentSandbox(observed) !== undefined
  const sidecars = initContainersOf(pod).filter(({ role }) => role === 'sidecar').map(({ spec }) => spec.name)
  const serving = [...statuses.init.filter(({ name }) => sidecars.includes(name)), ...statuses.main]
  const containersReady = containersReadyFinding(serving, phase)
  return [
    { type: 'PodReadyToStartContainers', status: networked ? 'True' : 'False' },
    initializedFinding(progress.pendingInit.map(({ container }) => container.spec.name), phase),
    readyFinding(pod, containersReady),
    containersReady,
    { type: 'PodScheduled', status: 'True' },
  ]
}

/**
 * As upstream's `getPhase`: a final phase stays, and none is told while anything of the pod still runs, a sidecar
 * included. A pod that is deleted gets one with its last container.
 */
function phaseOf(situation: Situation, progress: Progress, { main }: Statuses): string {
  const { pod, observed } = situation
  const before = pod.status?.phase
  const runs = observed.containers.some(mayRun)
  if (before === 'Succeeded' || before === 'Failed') return before
  if (progress.failure !== undefined || progress.initFailed) return runs ? (before ?? 'Pending') : 'Failed'
  if (progress.pendingInit.length > 0) return 'Pending'
  const ending = pod.metadata.deletionTimestamp !== undefined
  if (main.some(({ state, lastState }) => state?.waiting !== undefined && lastState?.terminated === undefined)) {
    return 'Pending'
  }
  if (runs || !(progress.finished || ending)) return 'Running'
  return main.every(({ state }) => state?.terminated?.exitCode === 0) ? 'Succeeded' : 'Failed'
}

/** Upstream gives reasons with the phase, so not while containers are still being stopped for them. */
function verdictOf({ pod }: Situation, { failure }: Progress, phase: string): Pick<OwnStatus, 'reason' | 'message'> {
  return phase === 'Failed' && failure !== undefined ? failure : verdictBefore(pod)
}

function verdictBefore({ status }: Pod): Pick<OwnStatus, 'reason' | 'message'> {
  return {
    ...(status?.reason === undefined ? {} : { reason: status.reason }),
    ...(status?.message === undefined ? {} : { message: status.message }),
  }
}

/** A pod that has ended keeps the address it had. */
function podIPOf({ pod, observed }: Situation, hostIP: string): string | undefined {
  if (pod.spec.hostNetwork === true) return hostIP
  const ip = currentSandbox(observed)?.ip
  return ip === undefined || ip === '' ? pod.status?.podIP : ip
}
