import { isStatus } from '../api/errors.ts'
import type { Node } from '../api/kinds/node.ts'
import { Pods, type Pod } from '../api/kinds/pod.ts'
import { keyOf, type ObjectKey } from '../api/object.ts'
import type { Clock } from '../base/clock.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import { from, type Controller, type Source } from '../client/controller.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import { withCondition } from './conditions.ts'
import { guardedPatch } from './guarded-patch.ts'
import { isTerminal, isTerminating } from './pod-status.ts'
import { evictionTime, type Taint } from './tolerations.ts'

export interface TaintEvictionDeps {
  readonly client: Client
  readonly nodes: Cache<Node>
  readonly pods: Cache<Pod>
  readonly events: EventRecorder
  readonly clock: Clock
}

/** Deletes pods from nodes with NoExecute taints that they do not tolerate, or tolerate for a time that is over. */
export function taintEvictionController({ client, nodes, pods, events, clock }: TaintEvictionDeps): Controller {
  async function evict(pod: Pod, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid } = pod.metadata
    const conditions = withCondition(
      pod.status?.conditions ?? [],
      {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByTaintManager',
        message: 'Taint manager: deleting due to NoExecute taint',
      },
      clock.now(),
    )
    try {
      const patch = guardedPatch(pod, { status: { conditions } })
      await client.patch(Pods, { namespace, name, subresource: 'status' }, patch, { signal })
      await client.delete(Pods, { namespace, name }, { uid, signal })
    } catch (error) {
      if (isStatus(error, 'NotFound')) return
      throw error
    }
    const message = `Marking for deletion Pod ${keyOf(pod)}`
    events.event(pod, 'Normal', { reason: 'TaintManagerEviction', message })
  }

  return {
    name: 'taint-eviction',
    wakesOn: [
      from(pods, (pod) => (noExecute(nodes.get(pod.spec.nodeName ?? '')).length > 0 ? [keyOf(pod)] : [])),
      podsOfTaintedNodes(nodes, pods),
    ],
    async reconcile(key, signal) {
      const pod = pods.get(key)
      if (pod === undefined || isTerminating(pod) || isTerminal(pod)) return
      const taints = noExecute(nodes.get(pod.spec.nodeName ?? ''))
      const atMs = taints.length === 0 ? undefined : evictionTime(taints, pod.spec.tolerations)
      if (atMs === undefined) return
      const leftMs = atMs - clock.now().getTime()
      if (leftMs > 0) return { againInMs: leftMs }
      await evict(pod, signal)
    },
  }
}

function podsOfTaintedNodes(nodes: Cache<Node>, pods: Cache<Pod>): Source {
  return {
    synced: nodes.synced,
    subscribe: (wake: (key: ObjectKey) => void) =>
      nodes.onChange((previous, next) => {
        const taints = noExecute(next)
        if (taints.length === 0 || JSON.stringify(taints) === JSON.stringify(noExecute(previous))) return
        for (const pod of pods.list()) if (pod.spec.nodeName === next?.metadata.name) wake(keyOf(pod))
      }),
  }
}

function noExecute(node: Node | undefined): readonly Taint[] {
  return node?.spec?.taints?.filter(({ effect }) => effect === 'NoExecute') ?? []
}
