import type { Endpoint as SliceEndpoint, EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Service, ServicePort as ApiServicePort } from '../../api/kinds/service.ts'
import { keyOf, objectKey, type ObjectKey } from '../../api/object.ts'
import type { AddressFamily } from './family.ts'

/**
 * One address and port that clients may use, and where connections to it go. Every kind of frontend is such a one:
 * a cluster IP now; a node port is one for each address of the node, an external address one more.
 */
export interface ServicePort {
  readonly service: ObjectKey
  readonly family: AddressFamily
  readonly address: string
  readonly protocol: Protocol
  readonly port: number
  /** Whether all other ports of the address are refused: so it is with cluster IPs, which are nothing but services. */
  readonly ownsAddress: boolean
  /** Sorted, each once. Connections are refused if there are none. */
  readonly endpoints: readonly Endpoint[]
  /** Present with `sessionAffinity: ClientIP`: how long a client stays with its endpoint after its last connection. */
  readonly affinitySeconds?: number
}

export type Protocol = 'tcp' | 'udp' | 'sctp'

export interface Endpoint {
  readonly address: string
  readonly port: number
  /** Whether it is on the node of the proxy, or may be, because nothing says where it is. */
  readonly isLocal: boolean
}

/** Whose view of Services and EndpointSlices it is. */
export interface Viewpoint {
  readonly families: readonly AddressFamily[]
  /** The node of the proxy; all endpoints may be local unless it is given. */
  readonly nodeName?: string | undefined
}

const protocols: ReadonlyMap<string, Protocol> = new Map([
  ['TCP', 'tcp'],
  ['UDP', 'udp'],
  ['SCTP', 'sctp'],
])
/** Who carries either label leaves a Service to another proxy, or to clients themselves. */
const foreignLabels = ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless']
const serviceNameLabel = 'kubernetes.io/service-name'
/** Upstream's default of `sessionAffinityConfig.clientIP.timeoutSeconds`. */
const defaultAffinitySeconds = 10_800

/** All ports of all Services; slices of Services that are not given are left out. */
export function servicePorts(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  viewpoint: Viewpoint,
): ServicePort[] {
  const byService = Map.groupBy(slices, serviceOf)
  return services.flatMap((service) => portsOf(service, byService.get(keyOf(service)) ?? [], viewpoint))
}

/** The ports of one Service; none if it is not the proxy's to serve. */
export function portsOf(service: Service, slices: readonly EndpointSlice[], viewpoint: Viewpoint): ServicePort[] {
  if (!isProxied(service)) return []
  const { clusterIP = '', clusterIPs = [clusterIP], ports = [] } = service.spec
  const common = { service: keyOf(service), ownsAddress: true, ...affinityOf(service) }
  return viewpoint.families.flatMap((family) => {
    const ofFamily = slices.filter(({ addressType }) => addressType === family.addressType)
    const targets = ports.flatMap((port) => {
      const protocol = protocols.get(port.protocol ?? 'TCP')
      if (protocol === undefined) return []
      const endpoints = endpointsOf(port, ofFamily, { ...viewpoint, families: [family] })
      return [{ ...common, family, protocol, port: port.port, endpoints }]
    })
    return clusterIPs.filter(family.isAddress).flatMap((address) => targets.map((target) => ({ ...target, address })))
  })
}

/** The Service that a slice belongs to. Undefined for one that nobody has claimed. */
export function serviceOf(slice: EndpointSlice): ObjectKey | undefined {
  const name = slice.metadata.labels?.[serviceNameLabel]
  return name === undefined ? undefined : objectKey(slice.metadata.namespace, name)
}

function isProxied({ metadata, spec }: Service): boolean {
  return spec.type !== 'ExternalName' && !foreignLabels.some((label) => metadata.labels?.[label] !== undefined)
}

function affinityOf({ spec }: Service): Pick<ServicePort, 'affinitySeconds'> {
  if (spec.sessionAffinity !== 'ClientIP') return {}
  return { affinitySeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds }
}

/**
 * The ready endpoints; if there are none, those that still serve while they end (KEP-1669). Slices name ports as the
 * Service does and give each a number of their own, so that a named target port may differ from pod to pod.
 */
function endpointsOf(port: ApiServicePort, slices: readonly EndpointSlice[], viewpoint: Viewpoint): Endpoint[] {
  const candidates = slices.flatMap((slice) =>
    (slice.ports ?? [])
      .filter((slicePort) => portKey(slicePort) === portKey(port))
      .flatMap(({ port: number }) => (isPort(number) ? slice.endpoints.map((endpoint) => ({ endpoint, number })) : [])),
  )
  const ready = candidates.filter(({ endpoint }) => isReady(endpoint))
  const used = ready.length > 0 ? ready : candidates.filter(({ endpoint }) => isServingToTheEnd(endpoint))
  const endpoints = used.flatMap(({ endpoint: { addresses, nodeName }, number }) => {
    // All addresses of an endpoint are one and the same; upstream uses the first.
    const address = addresses[0] ?? ''
    if (!viewpoint.families.some((family) => family.isAddress(address))) return []
    const isLocal = nodeName === undefined || viewpoint.nodeName === undefined || nodeName === viewpoint.nodeName
    return [{ address, port: number, isLocal }]
  })
  return sortedOnce(endpoints)
}

function portKey({ name = '', protocol = 'TCP' }: { name?: string; protocol?: string }): string {
  return `${name} ${protocol}`
}

function isPort(number: number | undefined): number is number {
  return Number.isInteger(number) && number !== undefined && number > 0 && number < 65_536
}

/** An unknown condition counts as ready, as the API says. */
function isReady({ conditions }: SliceEndpoint): boolean {
  return conditions?.ready ?? true
}

function isServingToTheEnd(endpoint: SliceEndpoint): boolean {
  return endpoint.conditions?.terminating === true && (endpoint.conditions.serving ?? isReady(endpoint))
}

function sortedOnce(endpoints: readonly Endpoint[]): Endpoint[] {
  const byKey = new Map<string, Endpoint>()
  for (const endpoint of endpoints) {
    const key = `${endpoint.address} ${endpoint.port}`
    const isLocal = endpoint.isLocal || byKey.get(key)?.isLocal === true
    byKey.set(key, { ...endpoint, isLocal })
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint)
}
