import { serviceNameLabel, type Endpoint, type EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
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

export interface Target {
  readonly address: string
  readonly port: number
}

export interface ServiceCaches {
  readonly services: Cache<Service>
  readonly slices: Cache<EndpointSlice>
}

/** Where a connection to the port may be led now: the ready endpoints, or else those that serve to their end. */
export function targetsOf({ namespace, service, port, protocol }: ServicePort, caches: ServiceCaches): readonly Target[] {
  const { spec } = caches.services.get(objectKey(namespace, service)) ?? {}
  const wanted = spec?.ports?.find((each) => each.port === port && (each.protocol ?? 'TCP') === protocol)
  if (wanted === undefined) return []
  const slices = caches.slices
    .list(namespace)
    .filter(({ addressType, metadata }) => addressType === 'IPv4' && metadata.labels?.[serviceNameLabel] === service)
  const of = (counts: (endpoint: Endpoint) => boolean) => slices.flatMap((slice) => targetsIn(slice, wanted.name ?? '', counts))
  const ready = of(({ conditions }) => conditions?.ready !== false)
  return ready.length > 0 ? ready : of(({ conditions }) => conditions?.serving === true)
}

function targetsIn(slice: EndpointSlice, portName: string, counts: (endpoint: Endpoint) => boolean): readonly Target[] {
  const numbers = (slice.ports ?? []).flatMap(({ name = '', port }) => (name === portName && port !== undefined ? [port] : []))
  const addresses = slice.endpoints.filter(counts).flatMap(({ addresses: [first] }) => (first === undefined ? [] : [first]))
  return numbers.flatMap((port) => addresses.map((address) => ({ address, port })))
}
