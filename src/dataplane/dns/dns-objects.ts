import { isIP } from 'node:net'
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Service } from '../../api/kinds/service.ts'
import { addressKey, dashed } from './addresses.ts'
import type { DnsEndpoint, DnsPort, DnsService } from './zone.ts'

/** Undefined for a Service that has nothing to answer: it has no address yet, or an external name that is none. */
export function dnsService({ spec }: Service): DnsService | undefined {
  if (spec.type === 'ExternalName') {
    const target = (spec.externalName ?? '').replace(/\.$/, '')
    return isDnsName(target) ? { type: 'external-name', target } : undefined
  }
  if (spec.clusterIP === 'None') return { type: 'headless' }
  const addresses = (spec.clusterIPs ?? [spec.clusterIP ?? '']).filter((address) => isIP(address) !== 0)
  if (addresses.length === 0) return undefined
  return { type: 'cluster-ip', addresses, ports: (spec.ports ?? []).map(dnsPort) }
}

/** Ready is what is not said to be unready: `ready` of a slice takes publishNotReadyAddresses into account. */
export function dnsEndpoints({ addressType, endpoints, ports }: EndpointSlice): readonly DnsEndpoint[] {
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return []
  const dnsPorts = (ports ?? []).flatMap(({ port, ...rest }) => {
    return port === undefined ? [] : [dnsPort({ ...rest, port })]
  })
  return endpoints
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses, hostname }) =>
      addresses.filter((address) => isIP(address) !== 0).map((address) => ({ address, hostname, ports: dnsPorts })),
    )
}

/**
 * What a pod is found by: `<namespace> <addressKey>` for each of its addresses. None once it is over, when others may
 * get its address, and, as CoreDNS does it, once it is to be deleted.
 */
export function podKeys({ metadata, status }: Pod): readonly string[] {
  const isOver = status?.phase === 'Succeeded' || status?.phase === 'Failed'
  if (isOver || metadata.deletionTimestamp !== undefined) return []
  const addresses = (status?.podIPs ?? [{ ip: status?.podIP ?? '' }]).map(({ ip }) => ip)
  return addresses.filter((address) => isIP(address) !== 0).map((address) => podKey(metadata.namespace ?? '', addressKey(address)))
}

export function podKey(namespace: string, address: string): string {
  return `${namespace} ${address}`
}

/** What an endpoint is called below its Service's name. */
export function labelOf({ hostname, address }: DnsEndpoint): string {
  return hostname ?? dashed(address)
}

function dnsPort({ name, protocol, port }: { name?: string; protocol?: string; port: number }): DnsPort {
  return { name: name ?? '', protocol: (protocol ?? 'TCP').toLowerCase(), port }
}

/** Kubernetes lets external names have labels that DNS has no room for, and addresses, which are no names. */
function isDnsName(name: string): boolean {
  const labels = name.split('.')
  return isIP(name) === 0 && name.length <= 253 && labels.every(({ length }) => length >= 1 && length <= 63)
}
