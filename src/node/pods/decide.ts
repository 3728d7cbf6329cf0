import type { Pod } from '../../api/kinds/pod.ts'
import type { Container } from '../cri/runtime.ts'
import { announced, type Action, type Decision } from './actions.ts'
import type { PodMemory } from './memory.ts'
import { currentSandbox, isEmpty, mayRun, type ObservedPod } from './observed.ts'
import { outlookOf, type Outlook, type Situation } from './outlook.ts'
import { deadlineOf, progressOf, type Progress } from './progress.ts'
import { initContainersOf, mainContainersOf, type PodContainer, tokenProjectionsOf } from './spec.ts'
import { isStill, isStoppingBy, stopActions, stopContainer } from './stopping.ts'

export interface Question {
  /** Undefined for a pod that has left the API, or was never there. */
  readonly pod: Pod | undefined
  readonly observed: ObservedPod
  readonly memory: PodMemory
  readonly now: Date
}

/** What to do next for a pod. Pure: equal questions have equal answers, and a restarted agent asks the same one. */
export function decide({ pod, observed, memory, now }: Question): Decision {
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) {
    if (serves({ pod, observed, memory })) return earliest({ actions: [] }, memory.servesUntil)
    return { actions: tearDown({ pod, observed, memory, now }) }
  }
  const situation: Situation = { pod, observed, memory, now }
  const progress = progressOf(situation)
  if (progress.finished) return { actions: [...announceVerdict(situation, progress), ...stopActions(situation)] }
  return earliest(run(situation, progress), deadlineOf(pod))
}

/** A pod is stopped only once nobody sends it new connections any more, and that is not judged here. */
function serves({ pod, observed, memory: { servesUntil } }: Omit<Question, 'now'>): boolean {
  return pod !== undefined && servesUntil !== undefined && observed.containers.some(mayRun)
}

function tearDown(question: Question): readonly Action[] {
  const { pod, observed, memory } = question
  if (!isStill(observed)) return stopActions(question)
  if (memory.objectDeleted) return []
  const deletes = pod !== undefined
  return [
    ...(deletes && !isEmpty(observed) ? [{ do: 'write-status' } as const] : []),
    ...observed.containers.map(({ id }): Action => ({ do: 'remove-container', id })),
    ...observed.sandboxes.map(({ id }): Action => ({ do: 'remove-sandbox', id })),
    { do: 'clean-up' },
    deletes ? { do: 'delete-object' } : { do: 'forget' },
  ]
}

function run(situation: Situation, progress: Progress): Decision {
  if (currentSandbox(situation.observed) === undefined) return startSandbox(situation)
  const mains = progress.pendingInit.length > 0 ? [] : mainContainersOf(situation.pod)
  const containers = [
    ...initDecisions(situation, progress),
    ...mains.map((container) => decideContainer(situation, container)),
  ]
  return merge([
    { actions: surplusSandboxes(situation) },
    prepared(situation, merge(containers)),
    renewal(situation),
    { actions: leftovers(situation) },
  ])
}

/** Volumes come before containers: a restarted agent makes sure of them before it starts one. */
function prepared({ memory, now }: Situation, decision: Decision): Decision {
  const { podFailure } = memory
  if (memory.prepared || !decision.actions.some(isStart)) return decision
  if (podFailure === undefined || podFailure.retryAt <= now) {
    return { ...decision, actions: [{ do: 'prepare' }, ...decision.actions] }
  }
  return earliest({ ...decision, actions: decision.actions.filter((action) => !isStart(action)) }, podFailure.retryAt)
}

/** Tokens are renewed in time. A restarted agent does not know when that is, and renews them at once. */
function renewal({ pod, memory, now }: Situation): Decision {
  if (tokenProjectionsOf(pod).length === 0) return { actions: [] }
  const { tokensDueAt } = memory
  if (tokensDueAt === undefined || tokensDueAt <= now) return { actions: [{ do: 'renew-tokens' }] }
  return { actions: [], wakeAt: tokensDueAt }
}

function isStart(action: Action): boolean {
  return action.do === 'start-container' || action.do === 'resume-container'
}

function startSandbox({ observed, memory, now }: Situation): Decision {
  const failure = memory.podFailure
  if (failure !== undefined && failure.retryAt > now) return { actions: [], wakeAt: failure.retryAt }
  const [last] = observed.sandboxes
  const attempt = last === undefined ? 0 : last.metadata.attempt + 1
  return {
    actions: [
      // A dead sandbox may still hold its address and containers of unknown state.
      ...observed.sandboxes.slice(0, 1).map(({ id }): Action => ({ do: 'stop-sandbox', id })),
      ...(memory.prepared ? [] : [{ do: 'prepare' } as const]),
      { do: 'start-sandbox', attempt, replaces: last !== undefined },
    ],
  }
}

/** One init container at a time; sidecars stay watched once they are past. */
function initDecisions(situation: Situation, { pendingInit }: Progress): readonly Decision[] {
  const [next] = pendingInit
  const reached = initContainersOf(situation.pod)
    .slice(0, next === undefined ? undefined : indexOf(situation.pod, next.container) + 1)
    .filter((container) => container.role === 'sidecar' || container.spec.name === next?.container.spec.name)
  return reached.map((container) => decideContainer(situation, container))
}

function indexOf(pod: Pod, { spec }: PodContainer): number {
  return initContainersOf(pod).findIndex((container) => container.spec.name === spec.name)
}

function decideContainer(situation: Situation, container: PodContainer): Decision {
  const outlook = outlookOf(situation, container)
  const { name } = container.spec
  switch (outlook.next) {
    case 'keep':
    case 'nothing':
      return { actions: [] }
    case 'start':
      return { actions: [{ do: 'start-container', name, attempt: outlook.attempt, streak: outlook.streak }] }
    case 'resume':
      return { actions: [{ do: 'resume-container', name, id: outlook.run.id }] }
    case 'replace':
      return { actions: replace(situation, outlook) }
    case 'wait':
      return { actions: announce(situation, name, outlook), wakeAt: outlook.until }
    default:
      return outlook satisfies never
  }
}

function replace({ memory, now }: Situation, outlook: Extract<Outlook, { next: 'replace' }>): readonly Action[] {
  const { run, message, graceSeconds } = outlook
  const deadline = new Date(now.getTime() + graceSeconds * 1000)
  return isStoppingBy(memory, run.id, deadline) ? [] : [stopContainer(run, deadline, message)]
}

function announce({ memory }: Situation, name: string, wait: Extract<Outlook, { next: 'wait' }>): readonly Action[] {
  const key = `${name} ${wait.reason} ${wait.until.getTime()}`
  const reason = announced.find((known) => known === wait.reason)
  if (reason === undefined || memory.announced.has(key)) return []
  return [{ do: 'announce', key, name, reason }]
}

/** Once, and not again by an agent that finds the pod failed. */
function announceVerdict({ pod, memory }: Situation, { failure }: Progress): readonly Action[] {
  const isTold = pod.status?.phase === 'Failed'
  if (failure === undefined || isTold || memory.announced.has(failure.reason)) return []
  return [{ do: 'announce', key: failure.reason, name: '', reason: failure.reason }]
}

function surplusSandboxes({ observed }: Situation): readonly Action[] {
  return observed.sandboxes
    .slice(1)
    .filter(({ state }) => state === 'ready')
    .map(({ id }) => ({ do: 'stop-sandbox', id }))
}

/** Of every container the newest run and the one before (`lastState`, `logs --previous`) are kept. */
function leftovers({ observed }: Situation): readonly Action[] {
  const surplus = observed.containers.filter((run, index) => isSurplus(observed.containers, run, index))
  const kept = new Set(observed.containers.filter((run) => !surplus.includes(run)).map(({ sandboxId }) => sandboxId))
  return [
    ...surplus.map(({ id }): Action => ({ do: 'remove-container', id })),
    ...observed.sandboxes
      .slice(1)
      .filter(({ id, state }) => state === 'notReady' && !kept.has(id))
      .map(({ id }): Action => ({ do: 'remove-sandbox', id })),
  ]
}

function isSurplus(runs: readonly Container[], run: Container, index: number): boolean {
  const newer = runs.slice(0, index).filter(({ metadata }) => metadata.name === run.metadata.name)
  return run.state === 'exited' && newer.length >= 2
}

function merge(decisions: readonly Decision[]): Decision {
  const actions = decisions.flatMap((decision) => decision.actions)
  return decisions.map(({ wakeAt }) => wakeAt).reduce<Decision>(earliest, { actions })
}

function earliest(decision: Decision, time: Date | undefined): Decision {
  if (time === undefined || (decision.wakeAt !== undefined && decision.wakeAt <= time)) return decision
  return { ...decision, wakeAt: time }
}
