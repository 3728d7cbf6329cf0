import type { Pod } from '../../api/kinds/pod.ts'
import { keyOf } from '../../api/object.ts'
import type { Controller, Outcome } from '../../client/controller.ts'
import { ClusterState } from './cluster-state.ts'
import { decide } from './decide.ts'
import { demandsOf } from './demands.ts'
import { podInfo } from './pod-info.ts'
import { isToSchedule, takesRoom } from './pod-stage.ts'
import { PodWrites, type PodWritesDeps } from './pod-writes.ts'
import type { Preemption } from './preemption/preempt.ts'
import type { Candidate } from './preemption/victims.ts'
import { schedulerSources, type SchedulerCaches } from './sources.ts'
import { WaitingPods, type Finding } from './waiting-pods.ts'

export interface SchedulerDeps extends PodWritesDeps, SchedulerCaches {
  /** How a place is found; `decide` unless given. */
  readonly decidePlace?: typeof decide
}

/** A pod that fits nowhere is tried again after that, whatever happens or not. In milliseconds. */
const retryAnywayMs = 300_000

/** Bindings under way at once: those of one turn are made durable together. */
const workers = 16

/**
 * Binds pods that have no node, the most important first. Deciding does not wait for anything, and what was decided counts
 * at once, so parallel reconciles do not give the same room away twice. A pod that fits nowhere says why, makes room if it
 * may, and is tried again when something changes that may help it.
 */
export function schedulerController({ decidePlace = decide, ...deps }: SchedulerDeps): Controller {
  const { pods } = deps
  const state = new ClusterState(deps)
  const waiting = new WaitingPods(deps.clock)
  const writes = new PodWrites(deps)

  async function bind(pod: Pod, nodeName: string, signal: AbortSignal): Promise<void> {
    const promised = state.promisedNode(pod)
    state.place(pod, nodeName)
    state.promise(pod, undefined)
    waiting.placed(keyOf(pod), demandsOf(pod))
    // Others may have been refused what it does not need any more.
    if (promised !== undefined && promised !== nodeName) waiting.changed('pod went')
    let bound = false
    try {
      bound = await writes.bind(pod, nodeName, signal)
    } finally {
      if (!bound && !takesRoom(pods.get(keyOf(pod)))) {
        state.displace(pod)
        waiting.changed('pod went')
      }
    }
  }

  async function wait(pod: Pod, finding: Finding, signal: AbortSignal): Promise<Outcome> {
    const { preemption, message } = finding.rejection
    const promised = promiseAfter(preemption, state.promisedNode(pod))
    waiting.add(keyOf(pod), groupOf(pod, promised), finding)
    state.promise(pod, promised)
    await writes.reject(pod, message, { promised, signal })
    if (preemption.outcome === 'possible') await makeRoom(pod, preemption, signal)
    return { againInMs: retryAnywayMs }
  }

  async function makeRoom(pod: Pod, { node, victims }: Candidate, signal: AbortSignal): Promise<void> {
    const { priority } = podInfo(pod)
    const outbid = state.promisedPods(node.name).filter((other) => other.priority < priority)
    await Promise.all([
      ...outbid.map((other) => writes.takeBack(other.pod, signal)),
      ...victims.map((victim) => writes.preempt(victim.pod, { by: pod, signal })),
    ])
  }

  return {
    name: 'scheduler',
    workers,
    wakesOn: schedulerSources(deps, { state, waiting }),
    priorityOf: (key) => pods.get(key)?.spec.priority ?? 0,
    async reconcile(key, signal) {
      const pod = pods.get(key)
      if (!isToSchedule(pod) || state.isPlaced(pod)) return waiting.remove(key)
      const { version } = state
      const group = groupOf(pod, state.promisedNode(pod))
      const known = waiting.known(group, version)
      if (known !== undefined) return wait(pod, known, signal)
      const againInMs = waiting.backoffMs(key, group)
      if (againInMs > 0) return { againInMs }
      const decision = decidePlace(podInfo(pod), state)
      if (decision.outcome === 'fits') return bind(pod, decision.nodeName, signal)
      return wait(pod, { rejection: decision, version }, signal)
    },
  }
}

/** The node that is promised to a pod that fits nowhere, and had been promised one before. */
function promiseAfter(preemption: Preemption, before: string | undefined): string | undefined {
  switch (preemption.outcome) {
    case 'possible':
      return preemption.node.name
    case 'useless':
      return undefined
    case 'not eligible':
      return before
    default:
      return preemption satisfies never
  }
}

/** A pod with a promise is in a group of its own: it may fit where its equals must not. */
function groupOf(pod: Pod, promised: string | undefined): string {
  const demands = demandsOf(pod)
  return promised === undefined ? demands : `${demands} ${pod.metadata.uid}`
}
