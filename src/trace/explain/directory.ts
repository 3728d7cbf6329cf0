import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import { ingressServiceClass } from '../../api/kinds/load-balancer.ts'
import { serviceOf } from '../../api/kinds/service-endpoints.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Service, ServicePort } from '../../api/kinds/service.ts'
import { hasEnded } from '../../api/no-endpoints/backing-pods.ts'
import { keyOf } from '../../api/object.ts'
import { readyEndpoints } from '../../doctor/destinations.ts'
import type { Surroundings } from '../../doctor/facts.ts'
import type { SocketAddress } from '../../kernel/conntrack.ts'
import { endText } from '../watch/sighting.ts'

/** What the API knows of addresses. */
export interface DirectoryFacts {
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
  readonly pods: readonly Pod[]
  readonly surroundings: Pick<Surroundings, 'nodes' | 'outside' | 'dnsServer'>
}

/** A Service that clients reach at an address, by one of its ports if it has it. */
export interface Frontend {
  readonly service: Service
  readonly kind: 'cluster IP' | 'node port' | 'external IP' | 'address of the load balancer'
  readonly port?: ServicePort
}

/** An endpoint of a Service in the API. */
export interface KnownEndpoint {
  readonly isReady: boolean
  readonly pod?: string
  readonly node?: string
}

/** Whose addresses are. */
export class Directory {
  readonly #facts: DirectoryFacts

  constructor(facts: DirectoryFacts) {
    this.#facts = facts
  }

  /** The Service that an address belongs to; of a node's address only where the port is one of its node ports. */
  frontend({ address, port }: SocketAddress, protocol: 'tcp' | 'udp'): Frontend | undefined {
    const { services, surroundings } = this.#facts
    const ofProtocol = ({ spec }: Service) => (spec.ports ?? []).filter((each) => (each.protocol ?? 'TCP').toLowerCase() === protocol)
    const isNode = address === '127.0.0.1' || surroundings.nodes.some((node) => node.address === address)
    const found = services.flatMap((service): Frontend[] => {
      const byNodePort = isNode ? ofProtocol(service).find(({ nodePort }) => nodePort === port) : undefined
      if (byNodePort !== undefined) return [{ service, kind: 'node port', port: byNodePort }]
      const kind = kindOf(service, address)
      const known = ofProtocol(service).find((each) => each.port === port)
      return kind === undefined ? [] : [{ service, kind, ...(known === undefined ? {} : { port: known }) }]
    })
    return found.find((each) => each.port !== undefined) ?? found[0]
  }

  /** Whether connections to it end at HAProxy. */
  isIngress(destination: SocketAddress, protocol: 'tcp' | 'udp'): boolean {
    return this.frontend(destination, protocol)?.service.spec.loadBalancerClass === ingressServiceClass
  }

  service(key: string): Service | undefined {
    return this.#facts.services.find((service) => keyOf(service) === key)
  }

  /** The endpoints of a Service's port, by `address:port`, as its EndpointSlices have them. */
  endpoints(service: Service, { name = '', protocol = 'TCP' }: ServicePort): ReadonlyMap<string, KnownEndpoint> {
    const slices = this.#slicesOf(service).filter(({ addressType }) => addressType === 'IPv4')
    const all = slices.flatMap(({ endpoints, ports = [] }) => {
      const port = ports.find((each) => (each.name ?? '') === name && (each.protocol ?? 'TCP') === protocol)?.port
      if (port === undefined) return []
      return endpoints.flatMap(({ addresses, conditions, targetRef, nodeName }) => {
        const pod = targetRef?.kind === 'Pod' ? targetRef.name : undefined
        const known = { isReady: conditions?.ready !== false, ...(pod === undefined ? {} : { pod }), ...(nodeName === undefined ? {} : { node: nodeName }) }
        return addresses.slice(0, 1).map((address) => [endText({ address, port }), known] as const)
      })
    })
    return new Map(all)
  }

  readyCount(service: Service, port: ServicePort): number {
    return readyEndpoints({ service, slices: this.#slicesOf(service) }).filter(({ servicePort }) => servicePort === port).length
  }

  /** `pod kubia-x1 on node-2`, `node-1`, `the client outside`; undefined if nobody is known by it. */
  owner(address: string): string | undefined {
    const { surroundings } = this.#facts
    const pod = this.podAt(address)
    if (pod !== undefined) return `pod ${pod.metadata.name}${pod.spec.nodeName === undefined ? '' : ` on ${pod.spec.nodeName}`}`
    const node = surroundings.nodes.find((each) => each.address === address)
    if (node !== undefined) return node.name
    if (address === surroundings.outside.address) return 'the client outside'
    return address === surroundings.dnsServer ? 'cluster DNS' : undefined
  }

  /** A pod with an address of its own. */
  podAt(address: string): Pod | undefined {
    return this.#facts.pods.find((pod) => pod.status?.podIP === address && pod.spec.hostNetwork !== true && !hasEnded(pod))
  }

  #slicesOf(service: Service): readonly EndpointSlice[] {
    return this.#facts.slices.filter((slice) => serviceOf(slice) === keyOf(service))
  }
}

function kindOf({ spec, status }: Service, address: string): Frontend['kind'] | undefined {
  if (spec.type === 'ExternalName') return undefined
  if ((spec.clusterIPs ?? [spec.clusterIP]).includes(address)) return 'cluster IP'
  if (spec.externalIPs?.includes(address) === true) return 'external IP'
  const isBalanced = (status?.loadBalancer?.ingress ?? []).some(({ ip }) => ip === address)
  return isBalanced ? 'address of the load balancer' : undefined
}

/** `service/kubia`, with its namespace if that is not `default`. */
export function serviceText({ metadata: { namespace = 'default', name } }: Service): string {
  return namespace === 'default' ? `service/${name}` : `service/${name} in ${namespace}`
}

/** `port 80 (http)` */
export function portText({ port, name }: ServicePort): string {
  return `port ${port}${name === undefined || name === '' ? '' : ` (${name})`}`
}
