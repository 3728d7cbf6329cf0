import type { ControllerRevision } from '../../api/kinds/controller-revision.ts'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import { StatefulSets, type StatefulSet, type StatefulSetStatus } from '../../api/kinds/stateful-set.ts'
import { controllerOf, keyOf, splitKey, type ObjectKey } from '../../api/object.ts'
import type { Clock } from '../../base/clock.ts'
import type { Cache } from '../../client/cache.ts'
import type { Client } from '../../client/client.ts'
import { from, type Controller } from '../../client/controller.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import { Claims } from '../claims.ts'
import { comeAgain } from '../come-again.ts'
import { concernedOwners } from '../concerned-owners.ts'
import { RevisionHistory } from '../history/revision-history.ts'
import { surplusOf, type RevisedOwner } from '../history/revision.ts'
import { PendingWrites } from '../pending-writes.ts'
import { availableInMs } from '../pod-status.ts'
import { statusPatch } from '../status-patch.ts'
import { selectorOf } from '../workload-selector.ts'
import { ordinalOf, parentKeyOf, revisionNameOf } from './identity.ts'
import { MemberControl } from './member-control.ts'
import { isHeldBack, plan } from './plan.ts'
import { statefulSetStatus } from './status.ts'

export interface StatefulSetDeps {
  readonly client: Client
  readonly statefulSets: Cache<StatefulSet>
  readonly controllerRevisions: Cache<ControllerRevision>
  readonly pods: Cache<Pod>
  readonly events: EventRecorder
  readonly clock: Clock
}

/** While own writes are not seen yet; a change of the cache comes first unless one was lost. */
const lookAgainMs = 1_000
const hashLabel = 'controller.kubernetes.io/hash'

/**
 * Keeps the numbered pods of each StatefulSet, in order, and the history of its templates. It acts only while the
 * caches show all of its earlier writes (see `PendingWrites`): what it waits for is then what is.
 */
export function statefulSetController(deps: StatefulSetDeps): Controller {
  const { client, statefulSets, pods, clock } = deps
  const writes = new PendingWrites({ cache: pods, client, resource: Pods, clock })
  const claims = new Claims({ client, resource: Pods, writes })
  const control = new MemberControl({ client, pods, events: deps.events, writes })
  const history = new RevisionHistory(deps)
  const concernedBy = concernedOwners(StatefulSets, statefulSets)

  async function reconcile(key: ObjectKey, signal: AbortSignal) {
    const set = statefulSets.get(key)
    if (set === undefined) {
      writes.forget(key)
      return history.forget(key)
    }
    const owner = revisedOwner(set)
    const belongs = (pod: Pod) => controllerOf(pod)?.uid === set.metadata.uid
    const isSettled = (await writes.settled(key, { belongs, signal })) && (await history.settled(owner, signal))
    if (!isSettled) return { againInMs: lookAgainMs }
    const numbered = pods.list(splitKey(key).namespace).filter((pod) => ordinalOf(set, pod) !== undefined)
    const members = await claims.claim(owner, numbered, signal)
    if (set.metadata.deletionTimestamp !== undefined) return writeStatus(set, lastStatus(set, members), signal)
    return advance(set, members, signal)
  }

  async function advance(set: StatefulSet, members: readonly Pod[], signal: AbortSignal) {
    const owner = revisedOwner(set)
    const now = clock.now()
    const revisions = await history.of(owner, signal)
    const latest = await history.latest(owner, revisions, signal)
    if (latest === undefined) return
    const { revision: update, collisionCount } = latest
    const current = revisions.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update
    const revisionOf = (ordinal: number) => (isHeldBack(set, ordinal) ? current : update)
    const outcome = await control.carryOut(set, plan({ set, pods: members, update, now }), { revisionOf, signal })
    // The pods just made or deleted will be seen, and counted then.
    if (outcome === 'changed') return
    const names = { currentRevision: current.metadata.name, updateRevision: update.metadata.name }
    await writeStatus(set, statefulSetStatus({ set, pods: members, ...names, collisionCount, now }), signal)
    if (outcome !== 'as wanted') throw outcome.error
    const inUse = new Set([...Object.values(names), ...members.map(revisionNameOf)])
    const old = revisions.filter(({ metadata }) => !inUse.has(metadata.name))
    await history.remove(owner, surplusOf(old, set.spec.revisionHistoryLimit ?? 10), signal)
    return comeAgain(members.map((pod) => availableInMs(pod, set.spec.minReadySeconds ?? 0, now)))
  }

  /** Of a set that is being deleted: its revisions may be gone before it. */
  function lastStatus(set: StatefulSet, members: readonly Pod[]): StatefulSetStatus {
    const { currentRevision = '', updateRevision = '', collisionCount = 0 } = set.status ?? {}
    return statefulSetStatus({ set, pods: members, currentRevision, updateRevision, collisionCount, now: clock.now() })
  }

  async function writeStatus(set: StatefulSet, status: StatefulSetStatus, signal: AbortSignal): Promise<void> {
    const patch = statusPatch(set, status)
    if (patch === undefined) return
    const { namespace, name } = set.metadata
    await client.patch(StatefulSets, { namespace, name, subresource: 'status' }, patch, { signal })
  }

  /** A pod of somebody else can stand in the way of the set by whose rule it is named. */
  function concernedByPod(pod: Pod): readonly ObjectKey[] {
    const parent = parentKeyOf(pod)
    const isNamedAfterSet = parent !== undefined && statefulSets.get(parent) !== undefined
    return isNamedAfterSet ? [...concernedBy(pod), parent] : concernedBy(pod)
  }

  return {
    name: 'stateful-set',
    wakesOn: [
      from(statefulSets, (set) => [keyOf(set)]),
      history.source(concernedBy),
      writes.watching(from(pods, concernedByPod)),
    ],
    reconcile,
  }
}

function revisedOwner(set: StatefulSet): RevisedOwner {
  return {
    object: set,
    resource: StatefulSets,
    selector: selectorOf(set),
    template: set.spec.template,
    hashLabel,
    collisionCount: set.status?.collisionCount ?? 0,
  }
}
