import { Pods, type Pod, type PodTemplateSpec } from '../api/kinds/pod.ts'
import { keyOf } from '../api/object.ts'
import type { Client } from '../client/client.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import { Claims, type Claimant } from './claims.ts'
import { controllerReference } from './controller-reference.ts'
import { isNamespaceTerminating } from './namespace-terminating.ts'
import type { PendingWrites } from './pending-writes.ts'
import { podsToDelete } from './pod-ranking.ts'
import { slowStart } from './slow-start.ts'

/** What pods are made for, and of what. */
export interface PodOwner extends Claimant {
  readonly template: PodTemplateSpec
}

/** What keeps a number of equal pods: a ReplicationController, a ReplicaSet. */
export interface ReplicaOwner extends PodOwner {
  readonly replicas: number
}

export interface PodControlOptions {
  readonly client: Client
  readonly events: EventRecorder
  readonly writes: PendingWrites<Pod>
}

/** A failure to bring the pods to their number, named as in the `ReplicaFailure` condition. */
export interface ReplicaFailure {
  readonly reason: 'FailedCreate' | 'FailedDelete'
  readonly error: unknown
}

export type ScaleOutcome = 'as wanted' | 'changed' | ReplicaFailure

/** Pods created or deleted in one reconcile at most. */
const burst = 500
const maxNameLength = 253

/** Takes pods over, creates and deletes them for their owner, and tells about it in Events. */
export class PodControl {
  readonly #client: Client
  readonly #events: EventRecorder
  readonly #writes: PendingWrites<Pod>
  readonly #claims: Claims<Pod>

  constructor({ client, events, writes }: PodControlOptions) {
    this.#client = client
    this.#events = events
    this.#writes = writes
    this.#claims = new Claims({ client, resource: Pods, writes })
  }

  /** The pods that are the owner's, after adopting and releasing what `Claims` finds. */
  claim(owner: Claimant, pods: readonly Pod[], signal: AbortSignal): Promise<readonly Pod[]> {
    return this.#claims.claim(owner, pods, signal)
  }

  /** Creates what is missing of the replicas or deletes what is too much. */
  async scale(
    owner: ReplicaOwner,
    owned: readonly Pod[],
    { related, now, signal }: { related: readonly Pod[]; now: Date; signal: AbortSignal },
  ): Promise<ScaleOutcome> {
    const missing = owner.replicas - owned.length
    if (missing > 0) return this.#createPods(owner, Math.min(missing, burst), signal)
    if (missing === 0) return 'as wanted'
    const excess = podsToDelete(owned, Math.min(-missing, burst), { related, now })
    const results = await Promise.allSettled(excess.map((pod) => this.delete(owner, pod, signal)))
    const failed = results.find((result) => result.status === 'rejected')
    return failed === undefined ? 'changed' : { reason: 'FailedDelete', error: failed.reason }
  }

  async #createPods(owner: ReplicaOwner, count: number, signal: AbortSignal): Promise<ScaleOutcome> {
    const result = await slowStart(count, () => this.create(owner, signal))
    if (result === undefined) return 'changed'
    // Nothing can be made in it any more, and its pods are going away.
    if (isNamespaceTerminating(result.failure)) return 'as wanted'
    return { reason: 'FailedCreate', error: result.failure }
  }

  /** Creates one pod of the template; an Event tells of it, or why not. Throws what the server says. */
  async create(owner: PodOwner, signal: AbortSignal): Promise<void> {
    const { object } = owner
    try {
      const write = () => this.#client.create(Pods, podFor(owner), { signal })
      const pod = await this.#writes.create(keyOf(object), write)
      const message = `Created pod: ${pod.metadata.name}`
      this.#events.event(object, 'Normal', { reason: 'SuccessfulCreate', message })
    } catch (error) {
      if (!isNamespaceTerminating(error)) {
        this.#events.event(object, 'Warning', { reason: 'FailedCreate', message: `Error creating: ${text(error)}` })
      }
      throw error
    }
  }

  /** Deletes this very pod, not one that has its name by then. An Event tells of it, or why not. */
  async delete({ object }: Claimant, pod: Pod, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid } = pod.metadata
    try {
      const write = () => this.#client.delete(Pods, { namespace, name }, { uid, signal })
      await this.#writes.delete(keyOf(object), pod, write)
      this.#events.event(object, 'Normal', { reason: 'SuccessfulDelete', message: `Deleted pod: ${name}` })
    } catch (error) {
      this.#events.event(object, 'Warning', { reason: 'FailedDelete', message: `Error deleting: ${text(error)}` })
      throw error
    }
  }
}

function podFor(owner: PodOwner) {
  const { object, template } = owner
  const { namespace, name } = object.metadata
  const { labels, annotations, finalizers } = template.metadata ?? {}
  const prefix = `${name}-`
  return {
    metadata: {
      ...(namespace === undefined ? {} : { namespace }),
      generateName: prefix.length > maxNameLength ? name : prefix,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference(owner.object, owner.resource)],
    },
    spec: template.spec ?? { containers: [] },
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
