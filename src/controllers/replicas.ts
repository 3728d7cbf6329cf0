import { Pods, type Pod, type PodTemplateSpec } from '../api/kinds/pod.ts'
import { controllerOf, keyOf, objectKey, splitKey, type KubeObject, type ObjectKey } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { LabelSelector } from '../api/selectors.ts'
import type { Clock } from '../base/clock.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import { from, type Controller } from '../client/controller.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import { comeAgain } from './come-again.ts'
import { PendingWrites } from './pending-writes.ts'
import { PodControl, type ReplicaOwner } from './pod-control.ts'
import { availableInMs, isActive, isTerminal, isTerminating } from './pod-status.ts'
import { replicaStatus, sameStatus, type ReplicaStatus } from './replica-status.ts'

/** An object that keeps a number of equal pods. */
export interface Replicated extends KubeObject {
  spec: { replicas?: number; minReadySeconds?: number; template?: PodTemplateSpec }
  status?: ReplicaStatus
}

/** In what the kinds of `Replicated` objects differ. */
export interface ReplicatedKind<T extends Replicated> {
  readonly resource: Resource<T>
  readonly cache: Cache<T>
  selectorOf(object: T): LabelSelector
  /** Pods that should be spread together with those of the object; see `podsToDelete`. */
  related(object: T): readonly Pod[]
  /** Whether the status says how many pods are on their way out. */
  readonly countsTerminating: boolean
}

export interface ReplicasDeps {
  readonly client: Client
  readonly pods: Cache<Pod>
  readonly events: EventRecorder
  readonly clock: Clock
}

/** While own writes are not seen yet; a change of the cache comes first unless one was lost. */
const lookAgainMs = 1_000

/**
 * Keeps the number of pods that each object of a kind asks for. It changes pods only while the cache shows all of its
 * earlier writes (see `PendingWrites`), so it never creates more than are missing. A status that names the present
 * generation was counted when the pods were as many as that generation asks for, or could not be made so.
 */
export function replicasController<T extends Replicated>(
  name: string,
  kind: ReplicatedKind<T>,
  deps: ReplicasDeps,
): Controller {
  const { client, pods, clock } = deps
  const { resource, cache } = kind
  const writes = new PendingWrites({ cache: pods, client, resource: Pods, clock })
  const control = new PodControl({ client, events: deps.events, writes })

  async function reconcile(key: ObjectKey, signal: AbortSignal) {
    const object = cache.get(key)
    if (object === undefined) return writes.forget(key)
    const belongs = (pod: Pod) => controllerOf(pod)?.uid === object.metadata.uid
    if (!(await writes.settled(key, { belongs, signal }))) return { againInMs: lookAgainMs }

    const owner = ownerOf(object, kind)
    const present = pods.list(splitKey(key).namespace)
    const owned = await control.claim(owner, present.filter(isActive), signal)
    const now = clock.now()
    const outcome = await scale(object, { owner, owned, now, signal })
    // The pods just made or deleted will be seen, and counted then.
    if (outcome === 'changed') return
    const failure = outcome === 'as wanted' ? undefined : outcome
    const terminating = kind.countsTerminating ? present.filter((pod) => isLeaving(pod, owner)).length : undefined
    await writeStatus(object, replicaStatus({ ...object, owned, terminating, failure, now }), signal)
    if (failure !== undefined) throw failure.error
    return comeAgain(owned.map((pod) => availableInMs(pod, object.spec.minReadySeconds ?? 0, now)))
  }

  async function scale(
    object: T,
    { owner, owned, now, signal }: { owner: ReplicaOwner; owned: readonly Pod[]; now: Date; signal: AbortSignal },
  ) {
    if (object.metadata.deletionTimestamp !== undefined) return 'as wanted'
    const related = owned.length > owner.replicas ? kind.related(object) : []
    return control.scale(owner, owned, { related, now, signal })
  }

  async function writeStatus(object: T, status: ReplicaStatus, signal: AbortSignal) {
    if (sameStatus(object.status, status)) return
    const { namespace, name, uid } = object.metadata
    const body = { metadata: { uid }, status: { ...status, conditions: status.conditions ?? null } }
    await client.patch(resource, { namespace, name, subresource: 'status' }, { type: 'merge', body }, { signal })
  }

  /** Its controller; for an orphan every one that might adopt it. */
  function concernedBy(pod: Pod): readonly ObjectKey[] {
    const { namespace, labels } = pod.metadata
    const controller = controllerOf(pod)
    if (controller !== undefined) {
      return controller.kind === resource.kind ? [objectKey(namespace, controller.name)] : []
    }
    return cache
      .list(namespace)
      .filter((object) => kind.selectorOf(object).matches(labels))
      .map(keyOf)
  }

  return {
    name,
    wakesOn: [from(cache, (object) => [keyOf(object)]), writes.watching(from(pods, concernedBy))],
    reconcile,
  }
}

function ownerOf<T extends Replicated>(object: T, { resource, selectorOf }: ReplicatedKind<T>): ReplicaOwner {
  const { template = {}, replicas = 1 } = object.spec
  return { object, resource, selector: selectorOf(object), template, replicas }
}

/** Counted by upstream since KEP-3973. */
function isLeaving(pod: Pod, { object, selector }: ReplicaOwner): boolean {
  const isOwned = controllerOf(pod)?.uid === object.metadata.uid && selector.matches(pod.metadata.labels)
  return isOwned && isTerminating(pod) && !isTerminal(pod)
}
