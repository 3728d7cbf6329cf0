import { isStatus } from '../api/errors.ts'
import { Pods, type Pod, type PodTemplateSpec } from '../api/kinds/pod.ts'
import { controllerOf, keyOf, type KubeObject, type OwnerReference } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { LabelSelector } from '../api/selectors.ts'
import type { Client } from '../client/client.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import { controllerReference } from './controller-reference.ts'
import { guardedPatch } from './guarded-patch.ts'
import { isNamespaceTerminating } from './namespace-terminating.ts'
import type { PendingWrites } from './pending-writes.ts'
import { isTerminating } from './pod-status.ts'
import { podsToDelete } from './pod-ranking.ts'
import { slowStart } from './slow-start.ts'

/** What keeps a number of equal pods: a ReplicationController, a ReplicaSet. */
export interface ReplicaOwner {
  readonly object: KubeObject
  readonly resource: Resource
  readonly selector: LabelSelector
  readonly template: PodTemplateSpec
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

  constructor({ client, events, writes }: PodControlOptions) {
    this.#client = client
    this.#events = events
    this.#writes = writes
  }

  /**
   * The pods that are the owner's: those it owns and matches. Orphans that match are adopted, owned ones that match no
   * longer are released. Throws when a pod has changed meanwhile: how many there are is then unknown.
   */
  async claim(owner: ReplicaOwner, pods: readonly Pod[], signal: AbortSignal): Promise<readonly Pod[]> {
    const { owned, adopt, release } = classify(owner, pods)
    if (owner.object.metadata.deletionTimestamp !== undefined) return owned
    if (adopt.length > 0) await this.#mustLive(owner, signal)
    const adopted = await Promise.all(adopt.map((pod) => this.#adopt(owner, pod, signal)))
    await Promise.all(release.map((pod) => this.#release(owner, pod, signal)))
    return [...owned, ...adopt.filter((_, index) => adopted[index])]
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
    const results = await Promise.allSettled(excess.map((pod) => this.#delete(owner, pod, signal)))
    const failed = results.find((result) => result.status === 'rejected')
    return failed === undefined ? 'changed' : { reason: 'FailedDelete', error: failed.reason }
  }

  async #createPods(owner: ReplicaOwner, count: number, signal: AbortSignal): Promise<ScaleOutcome> {
    const result = await slowStart(count, () => this.#create(owner, signal))
    if (result === undefined) return 'changed'
    // Nothing can be made in it any more, and its pods are going away.
    if (isNamespaceTerminating(result.failure)) return 'as wanted'
    return { reason: 'FailedCreate', error: result.failure }
  }

  async #create(owner: ReplicaOwner, signal: AbortSignal): Promise<void> {
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

  async #delete({ object }: ReplicaOwner, pod: Pod, signal: AbortSignal): Promise<void> {
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

  /** An owner that is being deleted, or has been and exists again, must not adopt. */
  async #mustLive({ object, resource }: ReplicaOwner, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid } = object.metadata
    const live = await this.#client.get(resource, { namespace, name }, { signal })
    if (live.metadata.uid !== uid) throw new Error(`${resource.kind} ${name} was replaced: uid ${live.metadata.uid}`)
    if (live.metadata.deletionTimestamp !== undefined) throw new Error(`${resource.kind} ${name} is being deleted`)
  }

  #adopt(owner: ReplicaOwner, pod: Pod, signal: AbortSignal): Promise<boolean> {
    const reference = controllerReference(owner.object, owner.resource)
    return this.#setOwners(owner, pod, [...(pod.metadata.ownerReferences ?? []), reference], signal)
  }

  #release(owner: ReplicaOwner, pod: Pod, signal: AbortSignal): Promise<boolean> {
    const others = pod.metadata.ownerReferences?.filter(({ uid }) => uid !== owner.object.metadata.uid) ?? []
    return this.#setOwners(owner, pod, others, signal)
  }

  /** False if the pod is gone. */
  async #setOwners(
    { object }: ReplicaOwner,
    pod: Pod,
    ownerReferences: OwnerReference[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const { namespace, name } = pod.metadata
    const patch = guardedPatch(pod, { metadata: { ownerReferences } })
    try {
      const write = () => this.#client.patch(Pods, { namespace, name }, patch, { signal })
      await this.#writes.update(keyOf(object), pod, write)
      return true
    } catch (error) {
      if (isStatus(error, 'NotFound')) return false
      throw error
    }
  }
}

function classify({ object, selector }: ReplicaOwner, pods: readonly Pod[]) {
  const owned: Pod[] = []
  const adopt: Pod[] = []
  const release: Pod[] = []
  for (const pod of pods) {
    const controller = controllerOf(pod)
    const matches = selector.matches(pod.metadata.labels)
    if (controller === undefined) {
      if (matches && !isTerminating(pod)) adopt.push(pod)
    } else if (controller.uid === object.metadata.uid) {
      ;(matches ? owned : release).push(pod)
    }
  }
  return { owned, adopt, release }
}

function podFor(owner: ReplicaOwner) {
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
