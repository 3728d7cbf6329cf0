import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import { serviceOf, usableEndpoints, type EndpointPort } from '../../api/kinds/service-endpoints.ts'
import type { Service } from '../../api/kinds/service.ts'
import { objectKey } from '../../api/object.ts'
import type { Cache } from '../../client/cache.ts'

/** A port of a Service. */
export interface ServicePort {
  readonly namespace: string
  readonly service: string
  readonly port: number
  readonly protocol: 'TCP' | 'UDP'
}

export interface ServiceCaches {
  readonly services: Cache<Service>
  readonly slices: Cache<EndpointSlice>
}

/** Where a connection to the port may be led now. */
export function targetsOf({ namespace, service, port, protocol }: ServicePort, { services, slices }: ServiceCaches): readonly EndpointPort[] {
  const key = objectKey(namespace, service)
  const wanted = services.get(key)?.spec.ports?.find((each) => each.port === port && (each.protocol ?? 'TCP') === protocol)
  return wanted === undefined ? [] : usableEndpoints(wanted, slices.list(namespace).filter((slice) => serviceOf(slice) === key))
}
