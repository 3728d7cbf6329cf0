import { usableEndpoints, type EndpointPort } from '../../api/kinds/service-endpoints.ts'
import type { Service } from '../../api/kinds/service.ts'
import { objectKey } from '../../api/object.ts'
import type { Cache } from '../../client/cache.ts'
import type { SlicesByService } from '../../client/slices-by-service.ts'

/** A port of a Service. */
export interface ServicePort {
  readonly namespace: string
  readonly service: string
  readonly port: number
  readonly protocol: 'TCP' | 'UDP'
}

/** Where a connection to the port may be led now. */
export function targetsOf(
  { namespace, service, port, protocol }: ServicePort,
  { services, slices }: { readonly services: Cache<Service>; readonly slices: SlicesByService },
): readonly EndpointPort[] {
  const key = objectKey(namespace, service)
  const wanted = services.get(key)?.spec.ports?.find((each) => each.port === port && (each.protocol ?? 'TCP') === protocol)
  return wanted === undefined ? [] : usableEndpoints(wanted, slices.of(key))
}
