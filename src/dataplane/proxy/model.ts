import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import { isProxied, serviceOf } from '../../api/kinds/service-endpoints.ts'
import type { Service } from '../../api/kinds/service.ts'
import { keyOf, type ObjectKey } from '../../api/object.ts'
import {
  candidatesOf,
  clusterEndpoints,
  isAnyUsable,
  localEndpoints,
  type Candidates,
  type Endpoint,
} from './endpoints.ts'
import type { AddressFamily } from './family.ts'
import type { OwnNode } from './own-node.ts'

/**
 * One address and port that clients may use, and where connections to it go. Every kind of frontend is such a one: a
 * cluster IP, a node port at each address of the node (its loopback address, for itself, among them), an external address,
 * an address of a load balancer.
 */
export interface ServicePort extends Target {
  readonly service: ObjectKey
  readonly family: AddressFamily
  readonly address: string
  readonly protocol: Protocol
  readonly port: number
  /** Whether all other ports of the address are refused: so it is with cluster IPs, which are nothing but services. */
  readonly ownsAddress: boolean
  /** Present if clients from outside of the node are led elsewhere than its pods and itself. */
  readonly outside?: Target
  /** Whether endpoints see the node's address in place of the client's, so that replies come back this way. */
  readonly hidesClients: boolean
  /** Ranges of the clients that may use it; all may unless it is present. */
  readonly allowedSources?: readonly string[]
  /** Present with `sessionAffinity: ClientIP`: how long a client stays with its endpoint after its last connection. */
  readonly affinitySeconds?: number
}

/** Where connections are led. */
export interface Target {
  /** Sorted, each once. */
  readonly endpoints: readonly Endpoint[]
  /** What becomes of connections if there are none. */
  readonly otherwise: 'refuse' | 'drop'
}

export type Protocol = 'tcp' | 'udp' | 'sctp'

/** Whose view of Services and EndpointSlices it is. */
export interface Viewpoint {
  readonly families: readonly AddressFamily[]
  /** Unless it is given, there are no node ports, and all endpoints may be local. */
  readonly node?: OwnNode | undefined
}

const protocols: ReadonlyMap<string, Protocol> = new Map([
  ['TCP', 'tcp'],
  ['UDP', 'udp'],
  ['SCTP', 'sctp'],
])
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
  const { families, node } = viewpoint
  const common = { service: keyOf(service), ...affinityOf(service) }
  return families.flatMap((family) =>
    (service.spec.ports ?? []).flatMap((port) => {
      const protocol = protocols.get(port.protocol ?? 'TCP')
      if (protocol === undefined) return []
      const candidates = candidatesOf(port, slices, { family, node })
      const fromInside = { ...common, family, protocol, ...insideTarget(service, candidates, node) }
      const fromOutside = { ...common, family, protocol, ...outsideTargets(service, candidates, node) }
      const fromItself = { ...common, family, protocol, ...loopbackTarget(candidates, node) }
      const addresses = addressesOf(service, family, node)
      const { nodePort } = port
      return [
        ...addresses.cluster.map((address) => ({ ...fromInside, address, port: port.port })),
        ...(nodePort === undefined ? [] : addresses.node.map((address) => ({ ...fromOutside, address, port: nodePort }))),
        ...(nodePort === undefined ? [] : addresses.loopback.map((address) => ({ ...fromItself, address, port: nodePort }))),
        ...addresses.external.map((address) => ({ ...fromOutside, address, port: port.port })),
        ...addresses.loadBalancer.map((address) => {
          return { ...fromOutside, address, port: port.port, ...restrictionOf(service, family) }
        }),
      ]
    }),
  )
}

/** Where connections to a cluster IP go. Replies find their way: clients are pods, or the node itself. */
function insideTarget({ spec }: Service, candidates: Candidates, node: OwnNode | undefined) {
  const target = spec.internalTrafficPolicy === 'Local' ? localTarget(candidates) : clusterTarget(candidates, node)
  return { ownsAddress: true, hidesClients: false, ...target }
}

/**
 * Where connections to an address outside of the cluster go. With `externalTrafficPolicy: Local` only to this node, and
 * clients keep their addresses; this node's pods and the node itself are led anywhere all the same, as if they had used
 * the cluster IP. Not so pods of other nodes, to which replies would go directly. With `Cluster` the endpoint may be on
 * any node, which must not answer the client itself.
 */
function outsideTargets({ spec }: Service, candidates: Candidates, node: OwnNode | undefined) {
  const target = clusterTarget(candidates, node)
  if (spec.externalTrafficPolicy !== 'Local') return { ownsAddress: false, hidesClients: true, ...target }
  return { ownsAddress: false, hidesClients: false, ...target, outside: localTarget(candidates) }
}

/** Where the node's connections to its own loopback address go. No endpoint could answer to that address. */
function loopbackTarget(candidates: Candidates, node: OwnNode | undefined) {
  return { ownsAddress: false, hidesClients: true, ...clusterTarget(candidates, node) }
}

function clusterTarget(candidates: Candidates, node: OwnNode | undefined): Target {
  return { endpoints: clusterEndpoints(candidates, node), otherwise: 'refuse' }
}

/** If there are endpoints, only not here, the client is to try elsewhere: it hears nothing. */
function localTarget(candidates: Candidates): Target {
  return { endpoints: localEndpoints(candidates), otherwise: isAnyUsable(candidates) ? 'drop' : 'refuse' }
}

function addressesOf({ spec, status }: Service, { isAddress, loopback }: AddressFamily, node: OwnNode | undefined) {
  const { type, clusterIP = '', clusterIPs = [clusterIP], externalIPs = [] } = spec
  const ingress = type === 'LoadBalancer' ? (status?.loadBalancer?.ingress ?? []) : []
  // With the mode `Proxy` it is the load balancer that translates, to a node port.
  const loadBalancer = ingress.filter(({ ipMode = 'VIP' }) => ipMode === 'VIP').map(({ ip = '' }) => ip)
  return {
    cluster: clusterIPs.filter(isAddress),
    node: (node?.addresses ?? []).filter(isAddress),
    loopback: node === undefined || loopback === undefined ? [] : [loopback.address],
    external: externalIPs.filter(isAddress),
    loadBalancer: loadBalancer.filter(isAddress),
  }
}

/** Ranges of another family restrict nobody of this one. */
function restrictionOf({ spec }: Service, family: AddressFamily): Pick<ServicePort, 'allowedSources'> {
  const ranges = (spec.loadBalancerSourceRanges ?? []).map((cidr) => family.range(cidr.trim()))
  const allowedSources = ranges.filter((range) => range !== undefined)
  return allowedSources.length === 0 ? {} : { allowedSources }
}

function affinityOf({ spec }: Service): Pick<ServicePort, 'affinitySeconds'> {
  if (spec.sessionAffinity !== 'ClientIP') return {}
  return { affinitySeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds }
}
