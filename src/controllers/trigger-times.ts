import type { Pod } from '../api/kinds/pod.ts'
import type { Service } from '../api/kinds/service.ts'
import { keyOf, type ObjectKey } from '../api/object.ts'
import { rfc3339 } from '../base/rfc3339.ts'
import { readyCondition } from './pod-status.ts'

/** On EndpointSlices and Endpoints: when that changed which they were written for. */
export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time'

interface Seen {
  readonly serviceMs: number
  readonly podMs: ReadonlyMap<string, number>
}

/**
 * What endpoints were written for, as upstream's tracker (k8s.io/endpointslice/util) tells it: the earliest of the times
 * at which a pod's readiness changed, among those that have not been told yet.
 */
export class TriggerTimes {
  readonly #seen = new Map<ObjectKey, Seen>()

  /**
   * RFC 3339; undefined if no time is new. For a Service that was not known it is when that was created. To be asked in
   * every reconcile, with all pods that the Service selects.
   */
  next(service: Service, pods: readonly Pod[]): string | undefined {
    const seen = this.#seen.get(keyOf(service))
    const serviceMs = Date.parse(service.metadata.creationTimestamp)
    const podMs = new Map(
      pods.flatMap((pod) => {
        const ms = Date.parse(readyCondition(pod)?.lastTransitionTime ?? '')
        return Number.isNaN(ms) ? [] : [[pod.metadata.name, ms]]
      }),
    )
    this.#seen.set(keyOf(service), { serviceMs, podMs })
    if (seen === undefined) return format(serviceMs)
    const changed = [...podMs].filter(([name, ms]) => ms > (seen.podMs.get(name) ?? 0)).map(([, ms]) => ms)
    if (serviceMs > seen.serviceMs) changed.push(serviceMs)
    return format(changed.reduce((earliest, ms) => Math.min(earliest, ms), Infinity))
  }

  forget(service: ObjectKey): void {
    this.#seen.delete(service)
  }
}

function format(ms: number): string | undefined {
  return Number.isFinite(ms) ? rfc3339(new Date(ms)) : undefined
}
