import { isStatus } from '../../api/errors.ts'
import type { Node } from '../../api/kinds/node.ts'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import { keyOf, type ObjectKey } from '../../api/object.ts'
import type { Clock } from '../../base/clock.ts'
import type { Cache } from '../../client/cache.ts'
import type { Client } from '../../client/client.ts'
import type { Controller, Source } from '../../client/controller.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import { conditionOf, withCondition } from '../conditions.ts'
import { guardedPatch } from '../guarded-patch.ts'
import { isTerminal, isTerminating } from '../pod-status.ts'
import { describeRefusals, filterNodes } from './filter.ts'
import { nodeInfos } from './node-info.ts'
import { pickNode } from './score.ts'

export interface SchedulerDeps {
  readonly client: Client
  readonly pods: Cache<Pod>
  readonly nodes: Cache<Node>
  readonly events: EventRecorder
  readonly clock: Clock
}

export const schedulerName = 'default-scheduler'

interface Assumption {
  readonly pod: Pod
  readonly nodeName: string
}

/**
 * Binds pods that have no node. A choice counts against its node from the moment it is made, before the cache shows
 * it, and choosing does not wait for anything, so parallel reconciles do not give the same room away twice. A pod that
 * fits nowhere is tried again whenever a node changes or a pod ends, at once.
 */
export function schedulerController({ client, pods, nodes, events, clock }: SchedulerDeps): Controller {
  const assumed = new Map<string, Assumption>()
  const unplaced = new Set<ObjectKey>()

  function currentNodes() {
    for (const [uid, { pod }] of assumed) {
      const cached = pods.get(keyOf(pod))
      if (cached?.metadata.uid !== uid || isBound(cached)) assumed.delete(uid)
    }
    const live = pods.list().filter((pod) => !isTerminal(pod))
    return nodeInfos(nodes.list(), live, (pod) => pod.spec.nodeName ?? assumed.get(pod.metadata.uid)?.nodeName)
  }

  async function bind(pod: Pod, nodeName: string, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid } = pod.metadata
    assumed.set(uid, { pod, nodeName })
    const target = { namespace, name, subresource: 'binding' }
    const node = { apiVersion: 'v1', kind: 'Node', name: nodeName }
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { namespace, name, uid }, target: node }
    try {
      await client.createSubresource(Pods, target, binding, { signal })
    } catch (error) {
      assumed.delete(uid)
      // Deleted, or bound by another: the cache will show it.
      if (isStatus(error, 'NotFound') || isStatus(error, 'Conflict')) return
      throw error
    }
    const message = `Successfully assigned ${keyOf(pod)} to ${nodeName}`
    events.event(pod, 'Normal', { reason: 'Scheduled', message })
  }

  async function reportUnschedulable(pod: Pod, message: string, signal: AbortSignal): Promise<void> {
    const present = pod.status?.conditions ?? []
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }
    const conditions = withCondition(present, condition, clock.now())
    if (conditions === present) return
    const { namespace, name } = pod.metadata
    const patch = guardedPatch(pod, { status: { conditions } })
    try {
      await client.patch(Pods, { namespace, name, subresource: 'status' }, patch, { signal })
    } catch (error) {
      // It has changed, or is gone: then it comes again by itself.
      if (isStatus(error, 'NotFound') || isStatus(error, 'Conflict')) return
      throw error
    }
    events.event(pod, 'Warning', { reason: 'FailedScheduling', message })
  }

  async function reconcile(key: ObjectKey, signal: AbortSignal): Promise<void> {
    unplaced.delete(key)
    const pod = pods.get(key)
    if (pod === undefined || !isToSchedule(pod) || assumed.has(pod.metadata.uid)) return
    const infos = currentNodes()
    const { feasible, refusals } = filterNodes(pod, infos)
    const chosen = pickNode(pod, feasible)
    if (chosen !== undefined) return bind(pod, chosen.node.metadata.name, signal)
    unplaced.add(key)
    await reportUnschedulable(pod, describeRefusals(infos.length, refusals), signal)
  }

  return {
    name: 'scheduler',
    wakesOn: [podSource(pods, unplaced), nodeSource(nodes, unplaced)],
    reconcile,
  }
}

/** Wakes pods without a node, and those that fitted nowhere when another makes room. */
function podSource(pods: Cache<Pod>, unplaced: ReadonlySet<ObjectKey>): Source {
  return {
    synced: pods.synced,
    subscribe: (wake) =>
      pods.onChange((previous, next) => {
        if (next !== undefined && isToSchedule(next)) wake(keyOf(next))
        if (takesRoom(previous) && !takesRoom(next)) unplaced.forEach((key) => wake(key))
      }),
  }
}

function nodeSource(nodes: Cache<Node>, unplaced: ReadonlySet<ObjectKey>): Source {
  return {
    synced: nodes.synced,
    subscribe: (wake) =>
      nodes.onChange((previous, next) => {
        if (placementText(previous) !== placementText(next)) unplaced.forEach((key) => wake(key))
      }),
  }
}

function isToSchedule(pod: Pod): boolean {
  const { schedulerName: wanted = schedulerName, schedulingGates = [] } = pod.spec
  const waits = !isBound(pod) && !isTerminating(pod) && !isTerminal(pod)
  return waits && wanted === schedulerName && schedulingGates.length === 0
}

function isBound({ spec }: Pod): boolean {
  return spec.nodeName !== undefined && spec.nodeName !== ''
}

function takesRoom(pod: Pod | undefined): boolean {
  return pod !== undefined && isBound(pod) && !isTerminal(pod)
}

/** All of a node that decides which pods fit on it; heartbeats are not in it. */
function placementText(node: Node | undefined): string {
  if (node === undefined) return ''
  const { metadata, spec, status } = node
  const { allocatable, capacity, conditions } = status ?? {}
  const ready = conditionOf(conditions, 'Ready')?.status
  return JSON.stringify([metadata.labels, spec?.taints, spec?.unschedulable, allocatable, capacity, ready])
}
