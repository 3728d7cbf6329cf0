import {
  ReplicationControllers,
  type ReplicationController,
  type ReplicationControllerStatus,
} from '../api/kinds/replication-controller.ts'
import { Pods, type Pod } from '../api/kinds/pod.ts'
import { controllerOf, keyOf, objectKey, splitKey, type ObjectKey } from '../api/object.ts'
import { nothing, selectorFromMap, type LabelSelector } from '../api/selectors.ts'
import type { Clock } from '../base/clock.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import { from, type Controller } from '../client/controller.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import { PendingWrites } from './pending-writes.ts'
import { PodControl, type ReplicaFailure, type ReplicaOwner } from './pod-control.ts'
import { availableInMs, isActive } from './pod-status.ts'
import { replicaStatus, sameStatus } from './replica-status.ts'

export interface ReplicationDeps {
  readonly client: Client
  readonly replicationControllers: Cache<ReplicationController>
  readonly pods: Cache<Pod>
  readonly events: EventRecorder
  readonly clock: Clock
}

/** While own writes are not seen yet; a change of the cache comes first unless one was lost. */
const lookAgainMs = 1_000

/**
 * Keeps the number of pods that each ReplicationController asks for. It changes pods only while the cache shows all of
 * its earlier writes (see `PendingWrites`), so it never creates more than are missing.
 */
export function replicationController(deps: ReplicationDeps): Controller {
  const { client, replicationControllers, pods, clock } = deps
  const writes = new PendingWrites({ cache: pods, client, resource: Pods, clock })
  const control = new PodControl({ client, events: deps.events, writes })

  async function reconcile(key: ObjectKey, signal: AbortSignal) {
    const rc = replicationControllers.get(key)
    if (rc === undefined) return writes.forget(key)
    const belongs = (pod: Pod) => controllerOf(pod)?.uid === rc.metadata.uid
    if (!(await writes.settled(key, { belongs, signal }))) return { againInMs: lookAgainMs }

    const owner = replicaOwner(rc)
    const active = pods.list(splitKey(key).namespace).filter(isActive)
    const owned = await control.claim(owner, active, signal)
    const now = clock.now()
    const deleting = rc.metadata.deletionTimestamp !== undefined
    const outcome = deleting ? 'as wanted' : await control.scale(owner, owned, { related: [], now, signal })
    // The pods just made or deleted will be seen, and counted then.
    if (outcome === 'changed') return
    const failure = outcome === 'as wanted' ? undefined : outcome
    await writeStatus(rc, replicaStatus({ ...rc, owned, failure, now }), signal)
    if (failure !== undefined) throw failure.error
    return untilAvailable(rc, owned, now)
  }

  async function writeStatus(rc: ReplicationController, status: ReplicationControllerStatus, signal: AbortSignal) {
    if (sameStatus(rc.status, status)) return
    const { namespace, name, uid } = rc.metadata
    const body = { metadata: { uid }, status: { ...status, conditions: status.conditions ?? null } }
    const target = { namespace, name, subresource: 'status' }
    await client.patch(ReplicationControllers, target, { type: 'merge', body }, { signal })
  }

  /** Its controller; for an orphan every one that might adopt it. */
  function concernedBy(pod: Pod): readonly ObjectKey[] {
    const { namespace, labels } = pod.metadata
    const controller = controllerOf(pod)
    if (controller !== undefined) {
      return controller.kind === ReplicationControllers.kind ? [objectKey(namespace, controller.name)] : []
    }
    return replicationControllers
      .list(namespace)
      .filter((rc) => selectorOf(rc).matches(labels))
      .map(keyOf)
  }

  return {
    name: 'replication',
    wakesOn: [from(replicationControllers, (rc) => [keyOf(rc)]), writes.watching(from(pods, concernedBy))],
    reconcile,
  }
}

export type { ReplicaFailure }

function replicaOwner(rc: ReplicationController): ReplicaOwner {
  return {
    object: rc,
    resource: ReplicationControllers,
    selector: selectorOf(rc),
    template: rc.spec.template ?? {},
    replicas: rc.spec.replicas ?? 1,
  }
}

/** An absent selector is defaulted by the server; one that is empty all the same must not match every pod. */
function selectorOf({ spec }: ReplicationController): LabelSelector {
  const selector = spec.selector ?? spec.template?.metadata?.labels ?? {}
  return Object.keys(selector).length === 0 ? nothing : selectorFromMap(selector)
}

/** Come again when the next pod will have been ready for `minReadySeconds`. */
function untilAvailable({ spec }: ReplicationController, owned: readonly Pod[], now: Date) {
  const waits = owned
    .map((pod) => availableInMs(pod, spec.minReadySeconds ?? 0, now))
    .filter((ms): ms is number => ms !== undefined && ms > 0)
  return waits.length === 0 ? undefined : { againInMs: Math.min(...waits) }
}
