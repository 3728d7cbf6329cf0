import { DaemonSets, type DaemonSet } from '../../api/kinds/daemon-set.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import { keyOf } from '../../api/object.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import type { PodControl } from '../pod-control.ts'
import { slowStart } from '../slow-start.ts'
import { failuresOf, outcomeOf, type WriteOutcome } from '../write-outcome.ts'
import { selectorOf } from '../workload-selector.ts'
import { daemonTemplate } from './daemon-pod.ts'
import type { FailedPodBackoff } from './failed-pod-backoff.ts'
import type { DaemonState, NodeChanges } from './node-pods.ts'
import type { Presence } from './presence.ts'

export interface DaemonControlOptions {
  readonly events: EventRecorder
  readonly pods: PodControl
  readonly backoff: FailedPodBackoff
}

export interface Replacements {
  readonly pods: readonly Pod[]
  /** Until another failed pod may be replaced; undefined if none waits. */
  readonly nextInMs: number | undefined
}

/** Pods created, and pods deleted, in one reconcile at most. */
const burst = 250

/** Does what was planned for the nodes of DaemonSets, and tells about it in Events. */
export class DaemonControl {
  readonly #events: EventRecorder
  readonly #pods: PodControl
  readonly #backoff: FailedPodBackoff

  constructor({ events, pods, backoff }: DaemonControlOptions) {
    this.#events = events
    this.#pods = pods
    this.#backoff = backoff
  }

  /** Which of the pods that have ended may be deleted now, so that others come in their place. */
  replaceable({ set, hash }: DaemonState, ended: Presence['ended']): Replacements {
    const key = keyOf(set)
    const waits: number[] = []
    const pods = ended.flatMap(({ nodeName, pod }) => {
      const isFailed = pod.status?.phase === 'Failed'
      const waitMs = isFailed ? this.#backoff.waitMs(key, hash, nodeName) : 0
      if (waitMs > 0) {
        waits.push(waitMs)
        return []
      }
      if (isFailed) this.#backoff.replaced(key, hash, nodeName)
      this.#tellOfEnd(set, pod, nodeName)
      return [pod]
    })
    return { pods, nextInMs: waits.length === 0 ? undefined : Math.min(...waits) }
  }

  async carryOut({ set, hash }: DaemonState, changes: NodeChanges, signal: AbortSignal): Promise<WriteOutcome> {
    if (changes.create.length + changes.delete.length === 0) return 'as wanted'
    const missing = changes.create.slice(0, burst)
    const createNext = async () => {
      const nodeName = missing.shift()
      if (nodeName !== undefined) await this.#create(set, { hash, nodeName, signal })
    }
    const owner = { object: set, resource: DaemonSets, selector: selectorOf(set) }
    const deletes = changes.delete.slice(0, burst).map((pod) => this.#pods.delete(owner, pod, signal))
    const [stopped, failures] = await Promise.all([slowStart(missing.length, createNext), failuresOf(deletes)])
    return outcomeOf(stopped === undefined ? failures : [...failures, stopped.failure])
  }

  #create(
    set: DaemonSet,
    { hash, nodeName, signal }: { hash: string; nodeName: string; signal: AbortSignal },
  ): Promise<void> {
    const template = daemonTemplate(set, hash, nodeName)
    return this.#pods.create({ object: set, resource: DaemonSets, selector: selectorOf(set), template }, signal)
  }

  #tellOfEnd(set: DaemonSet, pod: Pod, nodeName: string): void {
    const where = `${keyOf(pod)} on node ${nodeName}`
    if (pod.status?.phase === 'Failed') {
      const message = `Found failed daemon pod ${where}, will try to kill it`
      this.#events.event(set, 'Warning', { reason: 'FailedDaemonPod', message })
    } else {
      const message = `Found succeeded daemon pod ${where}, will try to delete it`
      this.#events.event(set, 'Normal', { reason: 'SucceededDaemonPod', message })
    }
  }
}
