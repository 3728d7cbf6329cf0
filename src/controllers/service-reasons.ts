import type { Node } from '../api/kinds/node.ts'
import type { Pod } from '../api/kinds/pod.ts'
import type { Service } from '../api/kinds/service.ts'
import { whyNoEndpoints, type Reason } from '../api/no-endpoints/index.ts'
import { keyOf, type ObjectKey } from '../api/object.ts'
import type { Clock } from '../base/clock.ts'
import { TokenBucket } from '../base/token-bucket.ts'
import type { Cache } from '../client/cache.ts'
import { from, type Controller, type Source } from '../client/controller.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import { ServicesBySelector } from '../client/services-by-selector.ts'
import { conditionOf } from './conditions.ts'
import { readyCondition } from './pod-status.ts'
import { hasSelector, podsOf } from './service-pods.ts'

export interface ServiceReasonsDeps {
  readonly services: Cache<Service>
  readonly pods: Cache<Pod>
  readonly nodes: Cache<Node>
  readonly events: EventRecorder
  readonly clock: Clock
}

/** What does not last so long is not told: it is how pods start and are replaced, or how one crashes again and again. */
const settleMs = 10_000
/** A reason that lasts is told again, so that its Event outlives the hour that Events are kept. */
const repeatMs = 1_800_000
/** Of all Services together: a server that starts may find thousands without endpoints. */
const budget = { burst: 50, refillMs: 500 }

interface Watched {
  readonly uid: string
  /** Undefined while all is well, until that has lasted. */
  readonly reason: Reason | undefined
  readonly sinceMs: number
  /** What the last Event said, and when. */
  readonly told?: { readonly message: string; readonly atMs: number }
  /** When the next Event may be made; set while it has to wait for others. */
  readonly turnAtMs?: number
}

/**
 * Says on each Service with a selector, by Events, why it has no ready endpoint, and when it has one again. Portolan's
 * own: Kubernetes leaves it to people to find out.
 */
export function serviceReasonsController({ services, pods, nodes, events, clock }: ServiceReasonsDeps): Controller {
  const watched = new Map<ObjectKey, Watched>()
  const bucket = new TokenBucket({ clock, ...budget })

  function reasonOf(service: Service): Reason | undefined {
    const selected = podsOf(service, pods)
    return whyNoEndpoints({ service, selected, podsIn: (namespace) => pods.list(namespace), node: (name) => nodes.get(name) })
  }

  /** Returns when to look again; undefined if there is nothing more to tell. */
  function tell(service: Service, current: Watched): number | undefined {
    const nowMs = clock.monotonicMs()
    const { reason, sinceMs, told } = current
    if (reason === undefined && told === undefined) return undefined
    if (nowMs - sinceMs < settleMs) return settleMs - (nowMs - sinceMs)
    if (reason === undefined) {
      events.event(service, 'Normal', { reason: 'EndpointsReady', message: 'Service has ready endpoints again' })
      return undefined
    }
    const isTold = told?.message === reason.message && nowMs - told.atMs < repeatMs
    if (isTold) return repeatMs - (nowMs - told.atMs)
    const { turnAtMs = nowMs + bucket.take(), ...rest } = current
    if (turnAtMs > nowMs) {
      watched.set(keyOf(service), { ...current, turnAtMs })
      return turnAtMs - nowMs
    }
    events.event(service, 'Warning', reason)
    watched.set(keyOf(service), { ...rest, told: { message: reason.message, atMs: nowMs } })
    return repeatMs
  }

  function next({ metadata: { uid } }: Service, reason: Reason | undefined, before: Watched | undefined): Watched {
    if (before !== undefined && before.reason?.message === reason?.message) return before
    return { ...before, uid, reason, sinceMs: clock.monotonicMs() }
  }

  return {
    name: 'service-reasons',
    wakesOn: [
      from(services, (service) => [keyOf(service)]),
      servicesOfChangedPods(pods, services),
      onReadinessOf(nodes, () => [...watched.keys()]),
    ],
    async reconcile(key) {
      const service = services.get(key)
      const known = watched.get(key)
      const before = known?.uid === service?.metadata.uid ? known : undefined
      if (service === undefined || service.metadata.deletionTimestamp !== undefined || !hasSelector(service)) {
        watched.delete(key)
        return
      }
      const current = next(service, reasonOf(service), before)
      watched.set(key, current)
      const againInMs = tell(service, current)
      if (againInMs !== undefined) return { againInMs }
      watched.delete(key)
    },
  }
}

/** Wakes the Services that select a pod, or did, when something of it changes that reasons tell of. */
function servicesOfChangedPods(pods: Cache<Pod>, services: Cache<Service>): Source {
  const bySelector = new ServicesBySelector(services)
  return {
    synced: pods.synced,
    subscribe: (wake) =>
      pods.onChange((previous, next) => {
        if (previous !== undefined && next !== undefined && reasonText(previous) === reasonText(next)) return
        for (const pod of [previous, next]) if (pod !== undefined) bySelector.selecting(pod).forEach(wake)
      }),
  }
}

function reasonText(pod: Pod): string {
  const { metadata, spec, status } = pod
  const { uid, labels, deletionTimestamp } = metadata
  const { phase, podIP, conditions, containerStatuses = [], initContainerStatuses = [] } = status ?? {}
  const states = [...initContainerStatuses, ...containerStatuses].map(({ state, ready, restartCount }) => [state, ready, restartCount])
  const verdicts = [readyCondition(pod), conditionOf(conditions, 'PodScheduled')]
  return JSON.stringify([uid, labels, deletionTimestamp, spec.nodeName, phase, podIP, verdicts, states])
}

/** Wakes keys when a node becomes ready or stops being so. */
function onReadinessOf(nodes: Cache<Node>, keys: () => readonly ObjectKey[]): Source {
  return {
    synced: nodes.synced,
    subscribe: (wake) =>
      nodes.onChange((previous, next) => {
        if (readinessOf(previous) === readinessOf(next)) return
        for (const key of keys()) wake(key)
      }),
  }
}

function readinessOf(node: Node | undefined): string | undefined {
  return conditionOf(node?.status?.conditions, 'Ready')?.status
}
