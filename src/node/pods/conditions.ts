import type { ContainerStatus, Pod, PodCondition } from '../../api/kinds/pod.ts'
import { rfc3339 } from '../../base/rfc3339.ts'

/** A condition without its times. */
export interface Finding {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason?: string
  readonly message?: string
}

/** What the agent says of a pod; the rest of the conditions belong to others. */
const ownTypes = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled']

export function initializedFinding(pending: readonly string[], phase: string): Finding {
  if (phase === 'Succeeded') return { type: 'Initialized', status: 'True', reason: 'PodCompleted' }
  if (pending.length === 0) return { type: 'Initialized', status: 'True' }
  const message = `containers with incomplete status: [${pending.join(' ')}]`
  return { type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized', message }
}

/** `statuses` are those of main containers and sidecars. */
export function containersReadyFinding(statuses: readonly ContainerStatus[], phase: string): Finding {
  const type = 'ContainersReady'
  if (phase === 'Succeeded') return { type, status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' }
  const unready = statuses.filter(({ ready }) => !ready).map(({ name }) => name)
  if (unready.length === 0) return { type, status: 'True' }
  const message = `containers with unready status: [${unready.join(' ')}]`
  return { type, status: 'False', reason: 'ContainersNotReady', message }
}

/** Ready is ContainersReady and all of `spec.readinessGates`. */
export function readyFinding(pod: Pod, containersReady: Finding): Finding {
  if (containersReady.status === 'False') return { ...containersReady, type: 'Ready' }
  const problems = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => gateProblem(pod, conditionType))
  if (problems.length === 0) return { type: 'Ready', status: 'True' }
  return { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message: problems.join(', ') }
}

function gateProblem(pod: Pod, type: string): string[] {
  const gate = pod.status?.conditions?.find((condition) => condition.type === type)
  if (gate === undefined) return [`corresponding condition of pod readiness gate "${type}" does not exist.`]
  if (gate.status === 'True') return []
  return [`the status of pod readiness gate "${type}" is not "True", but ${gate.status}`]
}

/**
 * The pod's conditions with these findings: transition times are kept where the status is, others' conditions always.
 */
export function foldConditions({ metadata, status }: Pod, findings: readonly Finding[], now: Date): PodCondition[] {
  const before = status?.conditions ?? []
  const own = findings.map((finding) => ({ ...fold(before, finding, now), ...seenAt(metadata.generation) }))
  return [...own, ...before.filter(({ type }) => !ownTypes.includes(type))]
}

function fold(before: readonly PodCondition[], { type, status, reason, message }: Finding, now: Date): PodCondition {
  const known = before.find((condition) => condition.type === type)
  const kept = known?.status === status ? known.lastTransitionTime : undefined
  return {
    type,
    status,
    lastTransitionTime: kept ?? rfc3339(now),
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  }
}

/** Which version of the pod a condition was found of (KEP-5067). */
function seenAt(generation: number | undefined): Pick<PodCondition, 'observedGeneration'> {
  return generation === undefined ? {} : { observedGeneration: generation }
}
