import { hasSelector, isEndpoint, targetPortOf } from './backing-pods.ts'
import { containersNotRunning } from './containers-not-running.ts'
import { nodeDown } from './node-down.ts'
import { podsGone } from './pods-gone.ts'
import { podsNotReady } from './pods-not-ready.ts'
import { podsUnscheduled } from './pods-unscheduled.ts'
import type { Reason, Rule, Situation } from './reason.ts'
import { selectorMatchesNothing } from './selector-matches-nothing.ts'
import { targetPortUndefined } from './target-port-undefined.ts'

export { hasSelector, isEndpoint, targetPortOf } from './backing-pods.ts'
export type { Reason, Situation } from './reason.ts'
export { undefinedPort } from './target-port-undefined.ts'
export { nearestLabels } from './selector-matches-nothing.ts'

/** The first that has something to say tells the reason: what must be put right before all else comes first. */
const rules: readonly Rule[] = [
  selectorMatchesNothing,
  podsGone,
  // Were all pods ready, there still would be no endpoint.
  targetPortUndefined,
  podsUnscheduled,
  // What a pod on such a node last said of itself is old.
  nodeDown,
  containersNotRunning,
  podsNotReady,
]

/**
 * Why a Service with a selector has no ready endpoint, or none for one of its ports; undefined if each port has one, and
 * for Services that select nothing. Pure.
 */
export function whyNoEndpoints(situation: Situation): Reason | undefined {
  const { service, selected } = situation
  if (!hasSelector(service) || service.spec.type === 'ExternalName') return undefined
  const endpoints = selected.filter((pod) => isEndpoint(service, pod))
  const ports = service.spec.ports ?? []
  const isServed = endpoints.length > 0 && ports.every((port) => endpoints.some((pod) => targetPortOf(pod, port) !== undefined))
  if (isServed) return undefined
  for (const rule of rules) {
    const reason = rule(situation)
    if (reason !== undefined) return reason
  }
  return undefined
}
