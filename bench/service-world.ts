import type { EndpointSlice } from '../src/api/kinds/endpoint-slice.ts'
import type { Service } from '../src/api/kinds/service.ts'
import { addressAt, formatCidr, type Cidr } from '../src/base/ip.ts'
import { ipv4, type ClusterRange } from '../src/dataplane/proxy/family.ts'
import { service, slice } from '../src/dataplane/proxy/test-objects.ts'

/** A Service with one TCP port and the endpoints behind it, from which both kinds of rules are made. */
export interface BenchService {
  readonly name: string
  readonly clusterIP: string
  /** Present: it is of the type LoadBalancer. */
  readonly outside?: { readonly nodePort: number; readonly loadBalancerIP: string }
  readonly endpoints: readonly BenchEndpoint[]
}

export interface BenchEndpoint {
  readonly address: string
  readonly nodeName: string
}

export interface WorldSize {
  readonly services: number
  /** Of each Service; no two share one. */
  readonly endpoints: number
}

export const servicePort = 80
export const endpointPort = 8080
/** Wide enough for 44,000 Services with three endpoints each. */
const services: Cidr = { base: 0x0a600000, bits: 13 }
const pods: Cidr = { base: 0x0a800000, bits: 9 }
export const podRange = formatCidr(pods)
export const worldRanges: readonly ClusterRange[] = [{ family: ipv4, services: [formatCidr(services)], pods: podRange }]

const podsPerNode = 250

/** Services with their endpoints, 250 to a node: those of the first Services on `node-1`. */
export function world({ services: count, endpoints }: WorldSize): BenchService[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `s${index}`,
    clusterIP: addressAt(services, index + 1000),
    endpoints: Array.from({ length: endpoints }, (_, nth) => {
      const pod = index * endpoints + nth
      return { address: addressAt(pods, pod + 1000), nodeName: `node-${1 + Math.floor(pod / podsPerNode)}` }
    }),
  }))
}

/** As the API would show it. */
export function serviceObject({ name, clusterIP, outside }: BenchService): Service {
  const port = { name: 'http', port: servicePort, protocol: 'TCP' }
  if (outside === undefined) return service(name, { clusterIP, ports: [port] })
  const ports = [{ ...port, nodePort: outside.nodePort }]
  return {
    ...service(name, { type: 'LoadBalancer', clusterIP, ports }),
    status: { loadBalancer: { ingress: [{ ip: outside.loadBalancerIP }] } },
  }
}

/** As the API would show it, with a resourceVersion of its own at each call. */
export function sliceObject({ name, endpoints }: BenchService): EndpointSlice {
  const ready = endpoints.map(({ address, nodeName }) => ({ addresses: [address], nodeName, conditions: { ready: true } }))
  return slice(name, ready, { ports: [{ name: 'http', port: endpointPort, protocol: 'TCP' }] })
}
