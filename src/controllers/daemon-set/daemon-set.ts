import type { ControllerRevision } from '../../api/kinds/controller-revision.ts'
import { DaemonSets, type DaemonSet, type DaemonSetStatus } from '../../api/kinds/daemon-set.ts'
import type { Node } from '../../api/kinds/node.ts'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import { controllerOf, keyOf, splitKey, type ObjectKey } from '../../api/object.ts'
import type { Clock } from '../../base/clock.ts'
import type { Cache } from '../../client/cache.ts'
import type { Client } from '../../client/client.ts'
import { from, type Controller, type Source } from '../../client/controller.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import { comeAgain } from '../come-again.ts'
import { concernedOwners } from '../concerned-owners.ts'
import { RevisionHistory, type LatestRevision } from '../history/revision-history.ts'
import { podRevisionLabel, surplusOf, type RevisedOwner } from '../history/revision.ts'
import { PendingWrites } from '../pending-writes.ts'
import { PodControl } from '../pod-control.ts'
import { availableInMs } from '../pod-status.ts'
import { statusPatch } from '../status-patch.ts'
import { selectorOf } from '../workload-selector.ts'
import { DaemonControl } from './daemon-control.ts'
import { FailedPodBackoff } from './failed-pod-backoff.ts'
import { podsByNode, type DaemonState } from './node-pods.ts'
import { planPresence } from './presence.ts'
import { planRollout } from './rollout.ts'
import { daemonSetStatus } from './status.ts'
import { suitabilityText, suitableNodes } from './suitability.ts'

export interface DaemonSetDeps {
  readonly client: Client
  readonly daemonSets: Cache<DaemonSet>
  readonly controllerRevisions: Cache<ControllerRevision>
  readonly pods: Cache<Pod>
  readonly nodes: Cache<Node>
  readonly events: EventRecorder
  readonly clock: Clock
}

/** While own writes are not seen yet; a change of the cache comes first unless one was lost. */
const lookAgainMs = 1_000

/**
 * Keeps one pod of each DaemonSet on every node that is fit for it, and the history of its templates. It acts only
 * while the caches show all of its earlier writes (see `PendingWrites`), so no node gets two.
 */
export function daemonSetController(deps: DaemonSetDeps): Controller {
  const { client, daemonSets, pods, nodes, events, clock } = deps
  const writes = new PendingWrites({ cache: pods, client, resource: Pods, clock })
  const podControl = new PodControl({ client, events, writes })
  const backoff = new FailedPodBackoff(clock)
  const control = new DaemonControl({ events, pods: podControl, backoff })
  const history = new RevisionHistory(deps)
  const concernedBy = concernedOwners(DaemonSets, daemonSets)

  async function reconcile(key: ObjectKey, signal: AbortSignal) {
    const set = daemonSets.get(key)
    if (set === undefined) return forget(key)
    const owner = revisedOwner(set)
    const belongs = (pod: Pod) => controllerOf(pod)?.uid === set.metadata.uid
    const isSettled = (await writes.settled(key, { belongs, signal })) && (await history.settled(owner, signal))
    if (!isSettled) return { againInMs: lookAgainMs }
    // Its pods and revisions may be going before it: there is no telling what it should have.
    if (set.metadata.deletionTimestamp !== undefined) return
    const owned = await podControl.claim(owner, pods.list(splitKey(key).namespace), signal)
    const revisions = await history.of(owner, signal)
    const latest = await history.latest(owner, revisions, signal)
    return latest === undefined ? undefined : advance(set, { owned, revisions, latest }, signal)
  }

  async function advance(set: DaemonSet, { owned, revisions, latest }: Possessions, signal: AbortSignal) {
    const state = stateOf(set, owned, latest.revision)
    const presence = planPresence(state)
    const replaced = control.replaceable(state, presence.ended)
    const changes = { create: presence.create, delete: [...presence.delete, ...replaced.pods] }
    const present = await control.carryOut(state, changes, signal)
    const outcome = present === 'as wanted' ? await control.carryOut(state, planRollout(state), signal) : present
    // The pods just made or deleted will be seen, and counted then.
    if (outcome === 'changed') return
    await writeStatus(set, daemonSetStatus(state, latest.collisionCount), signal)
    if (outcome !== 'as wanted') throw outcome.error
    const hashes = new Set(owned.map(({ metadata }) => metadata.labels?.[podRevisionLabel]))
    const old = revisions.filter(({ metadata }) => metadata.name !== latest.revision.metadata.name)
    const surplus = surplusOf(old, set.spec.revisionHistoryLimit ?? 10, (revision) => hashes.has(hashOf(revision)))
    await history.remove(revisedOwner(set), surplus, signal)
    return comeAgain([replaced.nextInMs, ...waitsOf(state, owned)])
  }

  function stateOf(set: DaemonSet, owned: readonly Pod[], revision: ControllerRevision): DaemonState {
    const hash = hashOf(revision) ?? ''
    return { set, hash, nodes: suitableNodes(set, nodes.list()), pods: podsByNode(owned), now: clock.now() }
  }

  async function writeStatus(set: DaemonSet, status: DaemonSetStatus, signal: AbortSignal): Promise<void> {
    const patch = statusPatch(set, status)
    if (patch === undefined) return
    const { namespace, name } = set.metadata
    await client.patch(DaemonSets, { namespace, name, subresource: 'status' }, patch, { signal })
  }

  function forget(key: ObjectKey): void {
    writes.forget(key)
    history.forget(key)
    backoff.forget(key)
  }

  return {
    name: 'daemon-set',
    wakesOn: [
      from(daemonSets, (set) => [keyOf(set)]),
      history.source(concernedBy),
      writes.watching(from(pods, concernedBy)),
      changedNodes(nodes, daemonSets),
    ],
    reconcile,
  }
}

interface Possessions {
  readonly owned: readonly Pod[]
  /** Oldest first. */
  readonly revisions: readonly ControllerRevision[]
  readonly latest: LatestRevision
}

function revisedOwner(set: DaemonSet): RevisedOwner {
  return {
    object: set,
    resource: DaemonSets,
    selector: selectorOf(set),
    template: set.spec.template,
    hashLabel: podRevisionLabel,
    collisionCount: set.status?.collisionCount ?? 0,
  }
}

function hashOf({ metadata }: ControllerRevision): string | undefined {
  return metadata.labels?.[podRevisionLabel]
}

/** Wakes every DaemonSet when a node comes, goes, or changes in what decides who may run there. */
function changedNodes(nodes: Cache<Node>, daemonSets: Cache<DaemonSet>): Source {
  return {
    synced: nodes.synced,
    subscribe: (wake) =>
      nodes.onChange((previous, next) => {
        if (suitabilityText(previous) !== suitabilityText(next)) daemonSets.list().forEach((set) => wake(keyOf(set)))
      }),
  }
}

/** Until each pod that is ready will have been so for `minReadySeconds`. */
function waitsOf({ set, now }: DaemonState, owned: readonly Pod[]): readonly (number | undefined)[] {
  return owned.map((pod) => availableInMs(pod, set.spec.minReadySeconds ?? 0, now))
}
