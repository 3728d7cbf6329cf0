import { isStatus } from '../../api/errors.ts'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import { keyOf } from '../../api/object.ts'
import type { Clock } from '../../base/clock.ts'
import { rfc3339 } from '../../base/rfc3339.ts'
import type { Client } from '../../client/client.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import { withCondition } from '../conditions.ts'
import { guardedPatch } from '../guarded-patch.ts'
import { isTerminating } from '../pod-status.ts'
import { promisedNode, schedulerName } from './pod-stage.ts'
import { preemptedReason } from './preemption/preempt.ts'

export interface PodWritesDeps {
  readonly client: Client
  readonly events: EventRecorder
  readonly clock: Clock
}

/** What the scheduler writes. A pod that is gone meanwhile is no error; whatever else fails, throws. */
export class PodWrites {
  readonly #client: Client
  readonly #events: EventRecorder
  readonly #clock: Clock

  constructor({ client, events, clock }: PodWritesDeps) {
    this.#client = client
    this.#events = events
    this.#clock = clock
  }

  /** False if it is gone, or another was faster; the API will show which. */
  async bind(pod: Pod, nodeName: string, signal: AbortSignal): Promise<boolean> {
    const { namespace, name, uid } = pod.metadata
    const target = { apiVersion: 'v1', kind: 'Node', name: nodeName }
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { namespace, name, uid }, target }
    try {
      await this.#client.createSubresource(Pods, { namespace, name, subresource: 'binding' }, binding, { signal })
    } catch (error) {
      if (isGone(error) || isStatus(error, 'Conflict')) return false
      throw error
    }
    const message = `Successfully assigned ${keyOf(pod)} to ${nodeName}`
    this.#events.event(pod, 'Normal', { reason: 'Scheduled', message })
    return true
  }

  /** Says why the pod has no node, and which it has been promised, if that is news. */
  async reject(pod: Pod, message: string, { promised, signal }: { promised: string | undefined; signal: AbortSignal }) {
    const present = pod.status?.conditions ?? []
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }
    const conditions = withCondition(present, condition, this.#clock.now())
    const isNews = conditions !== present
    if (!isNews && promised === promisedNode(pod)) return
    const status = { conditions, nominatedNodeName: promised ?? null }
    if (!(await this.#patchStatus(pod, status, signal))) return
    if (isNews) this.#events.event(pod, 'Warning', { reason: 'FailedScheduling', message })
  }

  /** Takes back what a pod has been promised. */
  async takeBack(pod: Pod, signal: AbortSignal): Promise<void> {
    await this.#patchStatus(pod, { nominatedNodeName: null }, signal)
  }

  /** Deletes a pod, with its grace, for one that is more important. */
  async preempt(victim: Pod, { by, signal }: { by: Pod; signal: AbortSignal }): Promise<void> {
    if (isTerminating(victim)) return
    const { namespace, name, uid } = victim.metadata
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: preemptedReason,
      message: `${schedulerName}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: rfc3339(this.#clock.now()),
    }
    // Merged by type, so that what the node reports of the pod meanwhile does not matter.
    const patch = { type: 'strategic', body: { metadata: { uid }, status: { conditions: [condition] } } } as const
    try {
      await this.#client.patch(Pods, { namespace, name, subresource: 'status' }, patch, { signal })
      await this.#client.delete(Pods, { namespace, name }, { uid, signal })
    } catch (error) {
      if (isGone(error)) return
      throw error
    }
    const message = `Preempted by pod ${by.metadata.uid} on node ${victim.spec.nodeName}`
    this.#events.event(victim, 'Normal', { reason: 'Preempted', message })
  }

  /** False if the pod is gone. */
  async #patchStatus(pod: Pod, status: object, signal: AbortSignal): Promise<boolean> {
    const { namespace, name } = pod.metadata
    try {
      const target = { namespace, name, subresource: 'status' }
      await this.#client.patch(Pods, target, guardedPatch(pod, { status }), { signal })
      return true
    } catch (error) {
      if (isGone(error)) return false
      throw error
    }
  }
}

function isGone(error: unknown): boolean {
  return isStatus(error, 'NotFound')
}
