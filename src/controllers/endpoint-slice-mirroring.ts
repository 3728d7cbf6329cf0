import { isIPv4, isIPv6 } from 'node:net'
import { serviceNameLabel, type Endpoint, type EndpointSlice } from '../api/kinds/endpoint-slice.ts'
import {
  EndpointsResource,
  type EndpointAddress,
  type EndpointPort,
  type Endpoints,
  type EndpointSubset,
} from '../api/kinds/endpoints.ts'
import type { Service } from '../api/kinds/service.ts'
import { keyOf } from '../api/object.ts'
import type { Clock } from '../base/clock.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import { from, type Controller } from '../client/controller.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import { endpointsManagedByLabel, endpointsManager } from './endpoints.ts'
import { unlessNamespaceTerminates } from './namespace-terminating.ts'
import { controllerReference } from './controller-reference.ts'
import { hasSelector, type AddressType } from './service-pods.ts'
import { groupKey, type SliceGroup, type SliceOwner } from './slice-plan.ts'
import { managedByLabel, SliceWriter } from './slice-writer.ts'
import { triggerTimeAnnotation } from './trigger-times.ts'

export interface EndpointSliceMirroringDeps {
  readonly client: Client
  readonly services: Cache<Service>
  readonly endpoints: Cache<Endpoints>
  readonly endpointSlices: Cache<EndpointSlice>
  readonly events: EventRecorder
  readonly clock: Clock
}

export const mirrorManager = 'endpointslicemirroring-controller.k8s.io'
const skipMirrorLabel = 'endpointslice.kubernetes.io/skip-mirror'
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader'
const unmirroredAnnotations = [triggerTimeAnnotation, 'kubectl.kubernetes.io/last-applied-configuration']
const maxPerSubset = 1000
const lookAgainMs = 1_000

/**
 * Mirrors Endpoints that were written by hand, for Services without a selector, into EndpointSlices: all that the data
 * planes read. Upstream's rules, except that Endpoints which the endpoints controller made, and left behind when a
 * Service lost its selector, are not mirrored: their slices are still there too.
 */
export function endpointSliceMirroringController(deps: EndpointSliceMirroringDeps): Controller {
  const { services, endpoints, events } = deps
  const writer = new SliceWriter({ ...deps, slices: deps.endpointSlices, manager: mirrorManager })
  return {
    name: 'endpoint-slice-mirroring',
    wakesOn: [
      from(endpoints, (object) => [keyOf(object)]),
      from(services, (service) => [keyOf(service)]),
      writer.source,
    ],
    async reconcile(key, signal) {
      if (!(await writer.settled(key, signal))) return { againInMs: lookAgainMs }
      const object = endpoints.get(key)
      const service = services.get(key)
      if (object === undefined || service === undefined || hasSelector(service) || !mirrors(object)) {
        return writer.deleteAll(key, signal)
      }
      const { groups, problems } = mirrorGroups(object.subsets ?? [])
      for (const problem of problems) events.event(object, 'Warning', problem)
      await unlessNamespaceTerminates(() => writer.apply(mirrorOwner(object), groups, signal))
    },
  }
}

/** Subsets with equal ports make one group per address type. Pure. */
export function mirrorGroups(subsets: readonly EndpointSubset[]) {
  const groups = new Map<string, SliceGroup & { readonly endpoints: Endpoint[] }>()
  let invalid = 0
  let skipped = 0
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    const all = [
      ...addresses.map((address) => ({ address, ready: true })),
      ...notReadyAddresses.map((address) => ({ address, ready: false })),
    ]
    const valid = all.filter(({ address }) => typeOf(address) !== undefined)
    invalid += all.length - valid.length
    skipped += Math.max(0, valid.length - maxPerSubset)
    for (const { address, ready } of valid.slice(0, maxPerSubset)) {
      const addressType = typeOf(address) ?? 'IPv4'
      const group = { addressType, ports: ports.map(slicePort), endpoints: [] }
      const key = groupKey(group)
      groups.set(key, groups.get(key) ?? group)
      groups.get(key)?.endpoints.push(endpointFor(address, ready))
    }
  }
  return { groups: [...groups.values()], problems: describe(invalid, skipped) }
}

function describe(invalid: number, skipped: number) {
  const problems: { reason: string; message: string }[] = []
  if (invalid > 0) {
    const message = `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`
    problems.push({ reason: 'InvalidIPAddress', message })
  }
  if (skipped > 0) {
    const limit = `A max of ${maxPerSubset} addresses can be mirrored to EndpointSlices per Endpoints subset`
    problems.push({ reason: 'TooManyAddressesToMirror', message: `${limit}. ${skipped} addresses were skipped` })
  }
  return problems
}

function mirrors({ metadata }: Endpoints): boolean {
  const { labels = {}, annotations = {} } = metadata
  if (labels[skipMirrorLabel] === 'true' || annotations[leaderAnnotation] !== undefined) return false
  return labels[endpointsManagedByLabel] !== endpointsManager
}

function typeOf({ ip }: EndpointAddress): AddressType | undefined {
  return isIPv4(ip) ? 'IPv4' : isIPv6(ip) ? 'IPv6' : undefined
}

function endpointFor({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname === undefined || hostname === '' ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(targetRef === undefined ? {} : { targetRef }),
  }
}

function slicePort({ name = '', port, protocol = 'TCP', appProtocol }: EndpointPort) {
  return { name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }
}

function mirrorOwner(endpoints: Endpoints): SliceOwner {
  const { namespace = '', name, labels, annotations = {}, deletionTimestamp } = endpoints.metadata
  const kept = Object.entries(annotations).filter(([key]) => !unmirroredAnnotations.includes(key))
  return {
    namespace,
    name,
    reference: controllerReference(endpoints, EndpointsResource),
    labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: mirrorManager },
    annotations: Object.fromEntries(kept),
    isLeaving: deletionTimestamp !== undefined,
    maxEndpoints: maxPerSubset,
  }
}
