import type { EndpointAddress, EndpointPort, EndpointSubset } from '../api/kinds/endpoints.ts'
import type { Pod } from '../api/kinds/pod.ts'
import type { Service } from '../api/kinds/service.ts'
import { isReady, isTerminating } from './pod-status.ts'
import {
  addressesOf,
  addressTypesOf,
  hostnameUnder,
  isBehindServices,
  isHeadless,
  isOfType,
  podReference,
  targetPortOf,
} from './service-pods.ts'

interface Candidate {
  readonly address: EndpointAddress
  readonly ready: boolean
  readonly ports: readonly EndpointPort[]
}

/**
 * The subsets of a Service's legacy Endpoints, from the pods it selects: addresses of the Service's first family, those with equal ports
 * together, ready ones apart from others; terminating pods are in only where unready ones are published. Sorted, so
 * that equal pods give equal subsets. Pure.
 */
export function endpointSubsets(service: Service, pods: readonly Pod[]): EndpointSubset[] {
  const publishAll = service.spec.publishNotReadyAddresses === true
  const candidates = pods
    .filter((pod) => isBehindServices(pod) && (publishAll || !isTerminating(pod)))
    .flatMap((pod): Candidate[] => {
      const address = addressOf(service, pod)
      const ports = portsOf(service, pod)
      const portless = ports.length === 0 && !(isHeadless(service) && (service.spec.ports ?? []).length === 0)
      return address === undefined || portless ? [] : [{ address, ports, ready: publishAll || isReady(pod) }]
    })
  const byPorts = Map.groupBy(candidates, ({ ports }) => JSON.stringify(ports))
  return [...byPorts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, members]) => subset(members))
}

/**
 * At most `max` addresses, ready ones first, taken from the subsets in proportion to their size (upstream's
 * `truncateEndpoints`). Returns the same list if nothing had to go.
 */
export function truncateSubsets(subsets: EndpointSubset[], max: number): EndpointSubset[] {
  const ready = total(subsets, 'addresses')
  const unready = total(subsets, 'notReadyAddresses')
  if (ready + unready <= max) return subsets
  if (ready <= max) return truncateKind(subsets, 'notReadyAddresses', max - ready)
  return truncateKind(truncateKind(subsets, 'addresses', max), 'notReadyAddresses', 0)
}

type AddressKind = 'addresses' | 'notReadyAddresses'

function truncateKind(subsets: readonly EndpointSubset[], kind: AddressKind, max: number): EndpointSubset[] {
  const all = total(subsets, kind)
  let left = max
  return subsets.map((each) => {
    const addresses = each[kind] ?? []
    const share = Math.min(left, Math.ceil((addresses.length / all) * max))
    const kept = addresses.slice(0, share)
    left -= kept.length
    const { [kind]: _, ...rest } = each
    return kept.length === 0 ? rest : { ...rest, [kind]: kept }
  })
}

function total(subsets: readonly EndpointSubset[], kind: AddressKind): number {
  return subsets.reduce((sum, each) => sum + (each[kind]?.length ?? 0), 0)
}

function subset(members: readonly Candidate[]): EndpointSubset {
  const ready = members.filter((member) => member.ready).map(({ address }) => address)
  const unready = members.filter((member) => !member.ready).map(({ address }) => address)
  const ports = members[0]?.ports ?? []
  return {
    ...(ready.length === 0 ? {} : { addresses: ready.sort(byAddress) }),
    ...(unready.length === 0 ? {} : { notReadyAddresses: unready.sort(byAddress) }),
    ...(ports.length === 0 ? {} : { ports: [...ports] }),
  }
}

const { compare: compareAddresses } = new Intl.Collator('en', { numeric: true })

function byAddress(a: EndpointAddress, b: EndpointAddress): number {
  const byIp = compareAddresses(a.ip, b.ip)
  return byIp || ((a.targetRef?.uid ?? '') < (b.targetRef?.uid ?? '') ? -1 : 1)
}

function addressOf(service: Service, pod: Pod): EndpointAddress | undefined {
  const [type = 'IPv4'] = addressTypesOf(service)
  const ip = addressesOf(pod).find((address) => isOfType(address, type))
  if (ip === undefined) return undefined
  const hostname = hostnameUnder(service, pod)
  const { nodeName } = pod.spec
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: podReference(pod),
  }
}

function portsOf({ spec }: Service, pod: Pod): EndpointPort[] {
  return (spec.ports ?? []).flatMap((port) => {
    const number = targetPortOf(pod, port)
    if (number === undefined) return []
    const { name = '', protocol = 'TCP', appProtocol } = port
    return [
      {
        ...(name === '' ? {} : { name }),
        port: number,
        protocol,
        ...(appProtocol === undefined ? {} : { appProtocol }),
      },
    ]
  })
}
