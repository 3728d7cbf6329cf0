import { objectKey, type ObjectKey } from '../object.ts'
import { serviceNameLabel, type Endpoint, type EndpointSlice } from './endpoint-slice.ts'
import type { Service, ServicePort } from './service.ts'

/** A port of an endpoint. */
export interface EndpointPort {
  readonly address: string
  readonly port: number
}

/** Who carries either label leaves a Service to another proxy, or to clients themselves. */
const foreignLabels = ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless']

/** The Service that a slice belongs to. Undefined for one that nobody has claimed. */
export function serviceOf(slice: EndpointSlice): ObjectKey | undefined {
  const name = slice.metadata.labels?.[serviceNameLabel]
  return name === undefined ? undefined : objectKey(slice.metadata.namespace, name)
}

/** Whether connections to its addresses are led to endpoints by the service proxies of nodes. */
export function isProxied({ metadata, spec }: Service): boolean {
  if (spec.type === 'ExternalName' || spec.clusterIP === 'None') return false
  return !foreignLabels.some((label) => metadata.labels?.[label] !== undefined)
}

/**
 * Where a port of a Service may be led over IPv4 by those who choose an endpoint themselves: the ready ones or, if there
 * are none, those that serve to their end. Slices are those of the Service.
 */
export function usableEndpoints(port: ServicePort, slices: readonly EndpointSlice[]): readonly EndpointPort[] {
  const ofIPv4 = slices.filter(({ addressType }) => addressType === 'IPv4')
  const of = (counts: (endpoint: Endpoint) => boolean) => ofIPv4.flatMap((slice) => endpointsIn(slice, port, counts))
  const ready = of(({ conditions }) => conditions?.ready !== false)
  return ready.length > 0 ? ready : of(({ conditions }) => conditions?.serving === true)
}

function endpointsIn(slice: EndpointSlice, wanted: ServicePort, counts: (endpoint: Endpoint) => boolean): readonly EndpointPort[] {
  const numbers = (slice.ports ?? []).flatMap(({ name = '', port, protocol = 'TCP' }) =>
    name === (wanted.name ?? '') && protocol === (wanted.protocol ?? 'TCP') && port !== undefined ? [port] : [],
  )
  const addresses = slice.endpoints.filter(counts).flatMap(({ addresses: [first] }) => (first === undefined ? [] : [first]))
  return numbers.flatMap((port) => addresses.map((address) => ({ address, port })))
}
