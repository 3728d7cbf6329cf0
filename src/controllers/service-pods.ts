import { isIPv4, isIPv6 } from 'node:net'
import type { Node } from '../api/kinds/node.ts'
import type { Pod } from '../api/kinds/pod.ts'
import type { Service } from '../api/kinds/service.ts'
import { hasSelector } from '../api/no-endpoints/index.ts'
import { keyOf } from '../api/object.ts'
import { selectorFromMap } from '../api/selectors.ts'
import type { Cache } from '../client/cache.ts'
import type { Source } from '../client/controller.ts'
import { ServicesBySelector } from '../client/services-by-selector.ts'
import { isReady, isTerminal } from './pod-status.ts'

export { hasSelector, targetPortOf } from '../api/no-endpoints/index.ts'

export type AddressType = 'IPv4' | 'IPv6'

export function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === undefined || spec.clusterIP === '' || spec.clusterIP === 'None'
}

/** The address families of a Service, the first one being that of its legacy Endpoints. */
export function addressTypesOf({ spec }: Service): readonly AddressType[] {
  const families = spec.ipFamilies?.filter((family): family is AddressType => family === 'IPv4' || family === 'IPv6')
  if (families !== undefined && families.length > 0) return families
  return isIPv6(spec.clusterIP ?? '') ? ['IPv6'] : ['IPv4']
}

/** The pods a Service selects, in the order of their names. */
export function podsOf(service: Service, pods: Cache<Pod>): readonly Pod[] {
  if (!hasSelector(service)) return []
  const selector = selectorFromMap(service.spec.selector)
  return pods
    .list(service.metadata.namespace)
    .filter((pod) => selector.matches(pod.metadata.labels))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
}

/** A pod stands behind its Services as long as it has an address and has not ended. */
export function isBehindServices(pod: Pod): boolean {
  return !isTerminal(pod) && addressesOf(pod).length > 0
}

export function addressesOf({ status }: Pod): readonly string[] {
  if (status?.podIPs !== undefined && status.podIPs.length > 0) return status.podIPs.map(({ ip }) => ip)
  return status?.podIP === undefined || status.podIP === '' ? [] : [status.podIP]
}

export function isOfType(address: string, type: AddressType): boolean {
  return type === 'IPv4' ? isIPv4(address) : isIPv6(address)
}

/** A pod has a name of its own under a Service if it asks for it with `hostname` and `subdomain`. */
export function hostnameUnder(service: Service, { metadata, spec }: Pod): string | undefined {
  const named = spec.subdomain === service.metadata.name && metadata.namespace === service.metadata.namespace
  return named && spec.hostname !== undefined && spec.hostname !== '' ? spec.hostname : undefined
}

export function podReference({ metadata }: Pod) {
  const { namespace, name, uid } = metadata
  return { kind: 'Pod', ...(namespace === undefined ? {} : { namespace }), name, uid }
}

/**
 * Wakes the Services that a pod belongs to, or belonged to, when something of it changes that endpoints tell of. The
 * status updates of a pod that only say how its containers are doing wake nobody.
 */
export function servicesOfChangedPods(pods: Cache<Pod>, services: Cache<Service>): Source {
  const bySelector = new ServicesBySelector(services)
  return {
    synced: pods.synced,
    subscribe: (wake) =>
      pods.onChange((previous, next) => {
        if (previous !== undefined && next !== undefined && endpointText(previous) === endpointText(next)) return
        for (const pod of [previous, next]) if (pod !== undefined) bySelector.selecting(pod).forEach(wake)
      }),
  }
}

/** Wakes the Services with a selector when a node comes, goes or changes its zone. */
export function servicesOfChangedNodes(nodes: Cache<Node>, services: Cache<Service>): Source {
  return {
    synced: nodes.synced,
    subscribe: (wake) =>
      nodes.onChange((previous, next) => {
        if (previous !== undefined && next !== undefined && zoneOf(previous) === zoneOf(next)) return
        for (const service of services.list()) if (hasSelector(service)) wake(keyOf(service))
      }),
  }
}

export function zoneOf(node: Node | undefined): string | undefined {
  return node?.metadata.labels?.['topology.kubernetes.io/zone'] || undefined
}

/** All of a pod that endpoints depend on. Ports of containers cannot change. */
function endpointText(pod: Pod): string {
  const { metadata, spec } = pod
  const { uid, labels, deletionTimestamp } = metadata
  const place = [spec.nodeName, spec.hostname, spec.subdomain]
  return JSON.stringify([uid, labels, deletionTimestamp, place, addressesOf(pod), isReady(pod), isTerminal(pod)])
}
