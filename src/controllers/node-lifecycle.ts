import type { Lease } from '../api/kinds/lease.ts'
import { Nodes, type Node, type NodeCondition } from '../api/kinds/node.ts'
import { Pods, type Pod } from '../api/kinds/pod.ts'
import { isStatus } from '../api/errors.ts'
import { keyOf, objectKey, type ObjectKey } from '../api/object.ts'
import type { Clock } from '../base/clock.ts'
import { rfc3339 } from '../base/rfc3339.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import { from, type Controller, type Source } from '../client/controller.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import { conditionOf } from './conditions.ts'
import { guardedPatch } from './guarded-patch.ts'
import { isNodeReady, revivedConditions, silentConditions, wantedTaints } from './node-health.ts'
import { isReady, isTerminal } from './pod-status.ts'

export interface NodeLifecycleDeps {
  readonly client: Client
  readonly nodes: Cache<Node>
  readonly leases: Cache<Lease>
  readonly pods: Cache<Pod>
  readonly events: EventRecorder
  readonly clock: Clock
  /** How long a node may be silent. */
  readonly graceMs?: number
  /** The same for a node that has never posted its status. */
  readonly startupGraceMs?: number
}

const leaseNamespace = 'kube-node-lease'

interface Signal {
  /** All that shows the node to be alive; it lives as long as this changes. */
  readonly text: string
  /** When it was seen here: the node's clock is not trusted. */
  readonly seenAtMs: number
}

/**
 * Watches over the nodes' Leases. A node that renews its Lease no more has its conditions set to Unknown, is tainted
 * unreachable, and its pods become unready, so that they leave the Services; when it renews again it gets back the
 * conditions it had. Pods are evicted by the taint-eviction controller. After a start every node has the whole grace
 * again.
 */
export function nodeLifecycleController(deps: NodeLifecycleDeps): Controller {
  const { client, nodes, leases, pods, events, clock, graceMs = 40_000, startupGraceMs = 60_000 } = deps
  const signals = new Map<string, Signal>()
  /** The conditions of nodes that were given up, by uid. */
  const before = new Map<string, readonly NodeCondition[]>()

  /** Milliseconds that the node may still be silent; negative when it has been too long. */
  function silenceLeftMs(node: Node): number {
    const { uid, name } = node.metadata
    const ready = conditionOf(node.status?.conditions, 'Ready')
    const renewTime = leases.get(objectKey(leaseNamespace, name))?.spec?.renewTime
    const text = JSON.stringify([renewTime, ready?.lastHeartbeatTime])
    const known = signals.get(uid)
    const signal = known?.text === text ? known : { text, seenAtMs: clock.monotonicMs() }
    signals.set(uid, signal)
    const allowedMs = ready === undefined ? startupGraceMs : graceMs
    return signal.seenAtMs + allowedMs - clock.monotonicMs()
  }

  async function writeConditions(node: Node, silent: boolean, signal: AbortSignal): Promise<Node> {
    const { name, uid } = node.metadata
    const present = node.status?.conditions ?? []
    if (silent && conditionOf(present, 'Ready')?.status !== 'Unknown') before.set(uid, present)
    const conditions = silent
      ? silentConditions(present, node, clock.now())
      : revivedConditions(present, before.get(uid) ?? [], clock.now())
    if (conditions === present) return node
    const patch = guardedPatch(node, { status: { conditions } })
    const next = await client.patch(Nodes, { name, subresource: 'status' }, patch, { signal })
    if (isNodeReady(node) && !isNodeReady(next)) {
      const message = `Node ${name} status is now: NodeNotReady`
      events.event(node, 'Normal', { reason: 'NodeNotReady', message })
    }
    return next
  }

  /** Does not wait for the cache to show which nodes have just been given up: they often fall silent together. */
  function isAnyNodeReady(): boolean {
    return nodes.list().some((node) => isNodeReady(node) && silenceLeftMs(node) > 0)
  }

  async function writeTaints(node: Node, signal: AbortSignal): Promise<void> {
    const evicts = isAnyNodeReady()
    const taints = wantedTaints(node, { evicts, now: clock.now() })
    if (taints === undefined) return
    await client.patch(Nodes, { name: node.metadata.name }, guardedPatch(node, { spec: { taints } }), { signal })
  }

  async function markNotReady(pod: Pod, signal: AbortSignal): Promise<void> {
    const conditions = (pod.status?.conditions ?? []).map((condition) =>
      condition.type === 'Ready'
        ? { ...condition, status: 'False', lastTransitionTime: rfc3339(clock.now()) }
        : condition,
    )
    const { namespace, name } = pod.metadata
    const patch = guardedPatch(pod, { status: { conditions } })
    try {
      await client.patch(Pods, { namespace, name, subresource: 'status' }, patch, { signal })
    } catch (error) {
      if (isStatus(error, 'NotFound')) return
      throw error
    }
    events.event(pod, 'Warning', { reason: 'NodeNotReady', message: 'Node is not ready' })
  }

  async function reconcile(key: ObjectKey, signal: AbortSignal) {
    const node = nodes.get(key)
    if (node === undefined) return
    const leftMs = silenceLeftMs(node)
    const current = await writeConditions(node, leftMs <= 0, signal)
    await writeTaints(current, signal)
    if (!isNodeReady(current)) {
      const here = pods.list().filter(({ spec }) => spec.nodeName === node.metadata.name)
      await Promise.all(here.filter((pod) => isReady(pod) && !isTerminal(pod)).map((pod) => markNotReady(pod, signal)))
    }
    return leftMs > 0 ? { againInMs: leftMs } : undefined
  }

  return {
    name: 'node-lifecycle',
    wakesOn: [
      forgetting(from(nodes, (node) => [keyOf(node)])),
      from(leases, ({ metadata }) => (metadata.namespace === leaseNamespace ? [metadata.name] : [])),
      readyPodsOf(pods),
      whenReadinessChanges(nodes),
    ],
    reconcile,
  }

  /** Forgets nodes that are gone. */
  function forgetting(source: Source): Source {
    const subscribe = (wake: (key: ObjectKey) => void) => {
      const stop = nodes.onChange((previous, next) => {
        if (previous === undefined || next !== undefined) return
        signals.delete(previous.metadata.uid)
        before.delete(previous.metadata.uid)
      })
      const unsubscribe = source.subscribe(wake)
      return () => {
        stop()
        unsubscribe()
      }
    }
    return { synced: source.synced, subscribe }
  }
}

/** Wakes the node of a pod that says it is ready: it may be one of a node that is not. */
function readyPodsOf(pods: Cache<Pod>): Source {
  return {
    synced: pods.synced,
    subscribe: (wake) =>
      pods.onChange((previous, next) => {
        const turned = next !== undefined && isReady(next) && (previous === undefined || !isReady(previous))
        if (turned && next.spec.nodeName !== undefined) wake(next.spec.nodeName)
      }),
  }
}

/** Whether pods are evicted from one node depends on whether any other is ready. */
function whenReadinessChanges(nodes: Cache<Node>): Source {
  return {
    synced: nodes.synced,
    subscribe: (wake) =>
      nodes.onChange((previous, next) => {
        const was = previous !== undefined && isNodeReady(previous)
        const is = next !== undefined && isNodeReady(next)
        if (was !== is) for (const node of nodes.list()) wake(keyOf(node))
      }),
  }
}
