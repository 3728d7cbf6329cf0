import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import { isProxied } from '../../api/kinds/service-endpoints.ts'
import type { Service } from '../../api/kinds/service.ts'
import { keyOf, type ObjectKey } from '../../api/object.ts'
import { candidatesOf, readyLocalAddresses } from './endpoints.ts'
import type { Viewpoint } from './model.ts'

/** What load balancers ask at `healthCheckNodePort`, to send a Service's connections only to nodes with endpoints. */
export interface HealthCheck {
  readonly service: ObjectKey
  /** On every node. */
  readonly port: number
  /** How many ready endpoints are on this node. */
  readonly localEndpoints: number
}

/** Undefined unless the Service is to be answered on its node only, by way of a load balancer. */
export function healthCheckOf(
  service: Service,
  slices: readonly EndpointSlice[],
  { families, node }: Viewpoint,
): HealthCheck | undefined {
  const { type, externalTrafficPolicy, healthCheckNodePort: port, ports = [] } = service.spec
  if (!isProxied(service) || type !== 'LoadBalancer' || externalTrafficPolicy !== 'Local' || !port) return undefined
  const addresses = families.flatMap((family) =>
    ports.flatMap((each) => readyLocalAddresses(candidatesOf(each, slices, { family, node }))),
  )
  return { service: keyOf(service), port, localEndpoints: new Set(addresses).size }
}
