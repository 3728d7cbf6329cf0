import { serviceNameLabel, type Endpoint, type EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Service, ServicePort } from '../../api/kinds/service.ts'
import type { IngressBackend } from '../../api/kinds/ingress.ts'
import { objectKey, type ObjectKey } from '../../api/object.ts'

/** `10.108.1.2:8080`. */
export type Address = string

export type PortReference = NonNullable<NonNullable<IngressBackend['service']>['port']>

/** The Service that a slice belongs to. Undefined for one that nobody has claimed. */
export function serviceOf({ metadata }: EndpointSlice): ObjectKey | undefined {
  const name = metadata.labels?.[serviceNameLabel]
  return name === undefined ? undefined : objectKey(metadata.namespace, name)
}

/** The port of the Service that a backend means. */
export function portOf({ spec }: Service, { name, number }: PortReference): ServicePort | undefined {
  return spec.ports?.find((port) => (port.protocol ?? 'TCP') === 'TCP' && (name === undefined ? port.port === number : port.name === name))
}

/**
 * Where requests to a port of a Service go, sorted, each once: its ready endpoints, or if there are none, those that
 * serve to their end. Slices are those of the Service.
 */
export function addressesOf({ name = '' }: ServicePort, slices: readonly EndpointSlice[]): readonly Address[] {
  const ofIPv4 = slices.filter(({ addressType }) => addressType === 'IPv4')
  const of = (counts: (endpoint: Endpoint) => boolean) => ofIPv4.flatMap((slice) => addressesIn(slice, name, counts))
  const ready = of(({ conditions }) => conditions?.ready !== false)
  const usable = ready.length > 0 ? ready : of(({ conditions }) => conditions?.serving === true)
  return [...new Set(usable)].sort()
}

function addressesIn(slice: EndpointSlice, portName: string, counts: (endpoint: Endpoint) => boolean): readonly Address[] {
  const numbers = (slice.ports ?? []).flatMap(({ name = '', port, protocol = 'TCP' }) =>
    name === portName && protocol === 'TCP' && port !== undefined ? [port] : [],
  )
  const hosts = slice.endpoints.filter(counts).flatMap(({ addresses: [first] }) => (first === undefined ? [] : [first]))
  return numbers.flatMap((port) => hosts.map((host) => `${host}:${port}`))
}
