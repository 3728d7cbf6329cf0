import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { IngressBackend } from '../../api/kinds/ingress.ts'
import { usableEndpoints } from '../../api/kinds/service-endpoints.ts'
import type { Service, ServicePort } from '../../api/kinds/service.ts'

/** `10.108.1.2:8080`. */
export type Address = string

export type PortReference = NonNullable<NonNullable<IngressBackend['service']>['port']>

/** The port of the Service that a backend means. */
export function portOf({ spec }: Service, { name, number }: PortReference): ServicePort | undefined {
  return spec.ports?.find((port) => (port.protocol ?? 'TCP') === 'TCP' && (name === undefined ? port.port === number : port.name === name))
}

/** Where requests to a port of a Service go, sorted, each once. Slices are those of the Service. */
export function addressesOf(port: ServicePort, slices: readonly EndpointSlice[]): readonly Address[] {
  return [...new Set(usableEndpoints(port, slices).map((endpoint) => `${endpoint.address}:${endpoint.port}`))].sort()
}
