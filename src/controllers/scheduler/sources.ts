import type { Namespace } from '../../api/kinds/namespace.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Service } from '../../api/kinds/service.ts'
import { keyOf } from '../../api/object.ts'
import type { Cache } from '../../client/cache.ts'
import type { Source } from '../../client/controller.ts'
import { namespaceChange, nodeChange, podChange } from './cluster-change.ts'
import type { ClusterState } from './cluster-state.ts'
import { demandsOf } from './demands.ts'
import { isToSchedule, promisedNode } from './pod-stage.ts'
import type { WaitingPods } from './waiting-pods.ts'

export interface SchedulerCaches {
  readonly pods: Cache<Pod>
  readonly nodes: Cache<Node>
  readonly namespaces: Cache<Namespace>
  readonly services: Cache<Service>
}

export interface Followers {
  readonly state: ClusterState
  readonly waiting: WaitingPods
}

/** Whatever changes goes to the state first; then those are woken whom it concerns. */
export function schedulerSources(caches: SchedulerCaches, followers: Followers): readonly Source[] {
  const { services } = caches
  return [
    followers.waiting,
    podSource(caches.pods, followers),
    nodeSource(caches.nodes, followers),
    namespaceSource(caches.namespaces, followers),
    // They only decide which of several places is better: nobody is woken.
    { synced: services.synced, subscribe: () => () => undefined },
  ]
}

function podSource(pods: Cache<Pod>, { state, waiting }: Followers): Source {
  return {
    synced: pods.synced,
    subscribe: (wake) =>
      pods.onChange((previous, next) => {
        state.followPod(previous, next)
        const pod = next ?? previous
        if (pod !== undefined && isToBeTried(previous, next)) wake(keyOf(pod))
        const change = podChange(previous, next)
        if (change !== undefined) waiting.changed(change)
      }),
  }
}

/** Whether a pod began or ceased to wait, or waits for something else now. What is written of it in its status is not. */
function isToBeTried(previous: Pod | undefined, next: Pod | undefined): boolean {
  if (!isToSchedule(previous) || !isToSchedule(next)) return isToSchedule(previous) || isToSchedule(next)
  const lostPromise = promisedNode(previous) !== undefined && promisedNode(next) === undefined
  return lostPromise || demandsOf(previous) !== demandsOf(next)
}

function nodeSource(nodes: Cache<Node>, { state, waiting }: Followers): Source {
  return {
    synced: nodes.synced,
    subscribe: () =>
      nodes.onChange((previous, next) => {
        const change = nodeChange(previous, next)
        if (change === undefined) return
        state.followNode(previous, next)
        waiting.changed(change)
      }),
  }
}

function namespaceSource(namespaces: Cache<Namespace>, { state, waiting }: Followers): Source {
  return {
    synced: namespaces.synced,
    subscribe: () =>
      namespaces.onChange((previous, next) => {
        const change = namespaceChange(previous, next)
        if (change === undefined) return
        state.followNamespace()
        waiting.changed(change)
      }),
  }
}
