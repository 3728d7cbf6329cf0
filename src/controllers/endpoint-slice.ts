import { serviceNameLabel, type Endpoint, type EndpointSlice, type SlicePort } from '../api/kinds/endpoint-slice.ts'
import type { Node } from '../api/kinds/node.ts'
import type { Pod } from '../api/kinds/pod.ts'
import { Services, type Service } from '../api/kinds/service.ts'
import { keyOf } from '../api/object.ts'
import type { Clock } from '../base/clock.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import { from, type Controller } from '../client/controller.ts'
import { unlessNamespaceTerminates } from './namespace-terminating.ts'
import { controllerReference } from './controller-reference.ts'
import { isReady, isTerminating } from './pod-status.ts'
import {
  addressesOf,
  addressTypesOf,
  hasSelector,
  hostnameUnder,
  isBehindServices,
  isHeadless,
  isOfType,
  podReference,
  podsOf,
  servicesOfChangedNodes,
  servicesOfChangedPods,
  targetPortOf,
  zoneOf,
  type AddressType,
} from './service-pods.ts'
import { groupKey, type SliceGroup, type SliceOwner } from './slice-plan.ts'
import { managedByLabel, SliceWriter } from './slice-writer.ts'
import { hintsFor } from './traffic-hints.ts'
import { TriggerTimes } from './trigger-times.ts'

export interface EndpointSliceDeps {
  readonly client: Client
  readonly services: Cache<Service>
  readonly pods: Cache<Pod>
  readonly nodes: Cache<Node>
  readonly endpointSlices: Cache<EndpointSlice>
  readonly clock: Clock
}

export const sliceManager = 'endpointslice-controller.k8s.io'
const headlessLabel = 'service.kubernetes.io/headless'
const maxEndpoints = 100
const lookAgainMs = 1_000

/** Keeps the EndpointSlices of each Service equal to what its selector and the live Pods imply. */
export function endpointSliceController({ services, pods, nodes, ...deps }: EndpointSliceDeps): Controller {
  const writer = new SliceWriter({ ...deps, slices: deps.endpointSlices, manager: sliceManager })
  const triggerTimes = new TriggerTimes()
  return {
    name: 'endpoint-slice',
    wakesOn: [
      from(services, (service) => [keyOf(service)]),
      servicesOfChangedPods(pods, services),
      servicesOfChangedNodes(nodes, services),
      writer.source,
    ],
    async reconcile(key, signal) {
      if (!(await writer.settled(key, signal))) return { againInMs: lookAgainMs }
      const service = services.get(key)
      if (service === undefined) triggerTimes.forget(key)
      if (service === undefined || service.spec.type === 'ExternalName') return writer.deleteAll(key, signal)
      if (!hasSelector(service)) return // its owner writes the slices by hand, or Endpoints that are mirrored
      const selected = podsOf(service, pods)
      const groups = sliceGroups(service, selected, (name) => nodes.get(name))
      const owner = sliceOwner(service, triggerTimes.next(service, selected))
      await unlessNamespaceTerminates(() => writer.apply(owner, groups, signal))
    },
  }
}

/**
 * The endpoints of a Service, from the pods it selects, by address type and ports: pods that give a port's name different numbers are in
 * different groups. A Service without any endpoint has one empty group per address type, so that who watches slices
 * knows that it has been looked at. Pure.
 */
export function sliceGroups(
  service: Service,
  pods: readonly Pod[],
  nodeOf: (name: string) => Node | undefined,
): readonly SliceGroup[] {
  return addressTypesOf(service).flatMap((addressType) => {
    const groups = new Map<string, SliceGroup & { readonly endpoints: Endpoint[] }>()
    for (const pod of pods.filter(isBehindServices)) {
      const endpoint = endpointOf(service, pod, { addressType, nodeOf })
      if (endpoint === undefined) continue
      const ports = slicePorts(service, pod)
      const key = groupKey({ addressType, ports })
      const group = groups.get(key) ?? { addressType, ports, endpoints: [] }
      groups.set(key, group)
      group.endpoints.push(endpoint)
    }
    return groups.size === 0 ? [{ addressType, ports: [], endpoints: [] }] : [...groups.values()]
  })
}

/** Undefined for a pod without an address of the type, and for one whose node is not known (any more). */
function endpointOf(
  service: Service,
  pod: Pod,
  { addressType, nodeOf }: { addressType: AddressType; nodeOf: (name: string) => Node | undefined },
): Endpoint | undefined {
  const addresses = addressesOf(pod).filter((address) => isOfType(address, addressType))
  const { nodeName } = pod.spec
  const node = nodeOf(nodeName ?? '')
  const publishAll = service.spec.publishNotReadyAddresses === true
  if (addresses.length === 0 || (node === undefined && !publishAll)) return undefined
  const serving = isReady(pod)
  const terminating = isTerminating(pod)
  const hostname = hostnameUnder(service, pod)
  const zone = zoneOf(node)
  const endpoint: Endpoint = {
    addresses,
    conditions: { ready: publishAll || (serving && !terminating), serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
    targetRef: podReference(pod),
  }
  const hints = hintsFor(service, endpoint)
  return hints === undefined ? endpoint : { ...endpoint, hints }
}

/** In the order of the Service; a name that the pod does not have is left out. */
function slicePorts({ spec }: Service, pod: Pod): SlicePort[] {
  return (spec.ports ?? []).flatMap((port) => {
    const number = targetPortOf(pod, port)
    if (number === undefined) return []
    const { name = '', protocol = 'TCP', appProtocol } = port
    return [{ name, port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }]
  })
}

function sliceOwner(service: Service, triggerTime: string | undefined): SliceOwner {
  const { namespace = '', name, labels, deletionTimestamp } = service.metadata
  const reserved = [headlessLabel, serviceNameLabel, managedByLabel]
  return {
    namespace,
    name,
    reference: controllerReference(service, Services),
    labels: {
      ...Object.fromEntries(Object.entries(labels ?? {}).filter(([key]) => !reserved.includes(key))),
      ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
      [serviceNameLabel]: name,
      [managedByLabel]: sliceManager,
    },
    triggerTime,
    isLeaving: deletionTimestamp !== undefined,
    maxEndpoints,
  }
}
