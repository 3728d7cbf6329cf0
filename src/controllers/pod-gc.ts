import { isStatus } from '../api/errors.ts'
import { Nodes, type Node } from '../api/kinds/node.ts'
import { Pods, type Pod } from '../api/kinds/pod.ts'
import { keyOf, type ObjectKey } from '../api/object.ts'
import type { Clock } from '../base/clock.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import { from, type Controller, type Source } from '../client/controller.ts'
import { withCondition } from './conditions.ts'
import { guardedPatch } from './guarded-patch.ts'
import { isTerminal, isTerminating } from './pod-status.ts'

export interface PodGcDeps {
  readonly client: Client
  readonly pods: Cache<Pod>
  readonly nodes: Cache<Node>
  readonly clock: Clock
  /** How long a missing node is waited for: one that is registered again keeps its pods. */
  readonly quarantineMs?: number
}

/**
 * Removes pods that no agent will ever end: those bound to a node that does not exist, which a live GET has confirmed,
 * and terminating ones that were never bound.
 */
export function podGcController({ client, pods, nodes, clock, quarantineMs = 40_000 }: PodGcDeps): Controller {
  /** Since when nodes are missed. */
  const missedSince = new Map<string, number>()

  /** Milliseconds until the node may be given up; undefined if it is there. */
  function quarantineLeftMs(nodeName: string): number | undefined {
    if (nodes.get(nodeName) !== undefined) {
      missedSince.delete(nodeName)
      return undefined
    }
    const sinceMs = missedSince.get(nodeName) ?? clock.monotonicMs()
    missedSince.set(nodeName, sinceMs)
    return Math.max(0, sinceMs + quarantineMs - clock.monotonicMs())
  }

  async function nodeExists(name: string, signal: AbortSignal): Promise<boolean> {
    try {
      await client.get(Nodes, { name }, { signal })
      return true
    } catch (error) {
      if (isStatus(error, 'NotFound')) return false
      throw error
    }
  }

  /** Marked Failed first, so that who watches it, such as a Job, learns how it ended. */
  async function remove(pod: Pod, orphaned: boolean, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid } = pod.metadata
    const present = pod.status?.conditions ?? []
    const disrupted = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByPodGC',
      message: 'PodGC: node no longer exists',
    }
    const conditions = orphaned ? withCondition(present, disrupted, clock.now()) : present
    try {
      if (!isTerminal(pod)) {
        const patch = guardedPatch(pod, { status: { phase: 'Failed', conditions } })
        await client.patch(Pods, { namespace, name, subresource: 'status' }, patch, { signal })
      }
      await client.delete(Pods, { namespace, name }, { uid, gracePeriodSeconds: 0, signal })
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
    }
  }

  return {
    name: 'pod-gc',
    wakesOn: [from(pods, (pod) => [keyOf(pod)]), podsOfMovingNodes(nodes, pods)],
    async reconcile(key, signal) {
      const pod = pods.get(key)
      if (pod === undefined) return
      const { nodeName = '' } = pod.spec
      if (nodeName === '') return isTerminating(pod) ? remove(pod, false, signal) : undefined
      const leftMs = quarantineLeftMs(nodeName)
      if (leftMs === undefined) return
      if (leftMs > 0) return { againInMs: leftMs }
      if (await nodeExists(nodeName, signal)) return { againInMs: quarantineMs }
      await remove(pod, true, signal)
    },
  }
}

/** Wakes the pods of a node that came or went. */
function podsOfMovingNodes(nodes: Cache<Node>, pods: Cache<Pod>): Source {
  return {
    synced: nodes.synced,
    subscribe: (wake: (key: ObjectKey) => void) =>
      nodes.onChange((previous, next) => {
        if (previous !== undefined && next !== undefined) return
        const name = (previous ?? next)?.metadata.name
        for (const pod of pods.list()) if (pod.spec.nodeName === name) wake(keyOf(pod))
      }),
  }
}
