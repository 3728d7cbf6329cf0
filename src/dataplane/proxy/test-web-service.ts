import type { Endpoint, SlicePort } from '../../api/kinds/endpoint-slice.ts'
import type { Service, ServicePort, ServiceSpec } from '../../api/kinds/service.ts'
import type { Answer, AskOptions, Transport } from '../../kernel/test-peer.ts'
import {
  addresses,
  externalIP,
  externalIP2,
  loadBalancer,
  loadBalancer2,
  nodeOf,
  otherOutside,
  type PeerName,
  type PodName,
  type TestCluster,
} from './test-cluster-network.ts'
import { service, slice } from './test-objects.ts'

/** Where the Service `web` of the test cluster may be asked, over TCP and UDP. */
export const frontends = {
  'cluster IP': ['10.96.0.10', 80],
  'nodePort of node-1': [addresses['node-1'], 30_080],
  'nodePort of node-2': [addresses['node-2'], 30_080],
  /** For the nodes themselves. */
  'nodePort of localhost': ['127.0.0.1', 30_080],
  'load balancer by node-1': [loadBalancer, 80],
  'load balancer by node-2': [loadBalancer2, 80],
  'external IP by node-1': [externalIP, 80],
  'external IP by node-2': [externalIP2, 80],
} as const
export type Frontend = keyof typeof frontends

/** `a sees outside`: the pod `a` answered, and saw the address of the client outside. */
export type Outcome = `${PeerName} sees ${PeerName | 'other outside'}` | 'refused' | 'no answer'

export const transports: readonly Transport[] = ['tcp', 'udp']
/** What a client waits that knows that it will be dropped. */
export const briefly = { patienceMs: 300 } as const

const ports: ServicePort[] = [
  { name: 'tcp', port: 80, protocol: 'TCP' },
  { name: 'udp', port: 80, protocol: 'UDP' },
]
const slicePorts: SlicePort[] = [
  { name: 'tcp', port: 8080, protocol: 'TCP' },
  { name: 'udp', port: 5353, protocol: 'UDP' },
]

/** Kinds of Services, for `serve`. */
export const clusterIP = { clusterIP: '10.96.0.10', ports } satisfies Partial<ServiceSpec>
const withNodePorts = { ...clusterIP, ports: ports.map((port) => ({ ...port, nodePort: 30_080 })) }
export const nodePort = { ...withNodePorts, type: 'NodePort' } satisfies Partial<ServiceSpec>
export const balanced = { ...withNodePorts, type: 'LoadBalancer', externalIPs: [externalIP, externalIP2] } satisfies Partial<ServiceSpec>
export const local = { externalTrafficPolicy: 'Local' } satisfies Partial<ServiceSpec>

/** The pod as an endpoint, ready unless conditions are given. */
export function endpoint(pod: PodName, rest: Partial<Endpoint> = {}): Endpoint {
  return { addresses: [addresses[pod]], nodeName: nodeOf[pod], ...rest }
}

/** The Service with these endpoints, of which pods are ready ones; resolves when all nodes have the rules. */
export async function serve(cluster: TestCluster, says: Partial<ServiceSpec>, endpoints: readonly (PodName | Endpoint)[]): Promise<void> {
  await cluster.put({ services: [web(says)], slices: [webSlice(endpoints)] })
}

export function web(says: Partial<ServiceSpec>): Service {
  const ingress = [loadBalancer, loadBalancer2].map((ip) => ({ ip }))
  return { ...service('web', says), status: { loadBalancer: says.type === 'LoadBalancer' ? { ingress } : {} } }
}

export function webSlice(endpoints: readonly (PodName | Endpoint)[]) {
  const all = endpoints.map((each) => (typeof each === 'string' ? endpoint(each) : each))
  return slice('web', all, { ports: slicePorts })
}

export interface WebQuestion extends AskOptions {
  readonly from: PeerName
  readonly to: Frontend
  readonly transport: Transport
}

export async function outcome(cluster: TestCluster, { from, to, transport, ...options }: WebQuestion): Promise<string> {
  const [address, port] = frontends[to]
  try {
    return said(await cluster.peer(from).ask(transport, address, port, options))
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ECONNREFUSED') return 'refused'
    if (code === 'ETIMEDOUT') return 'no answer'
    throw error
  }
}

/** All outcomes of so many questions that there is no doubt: of two endpoints one is missed once in a million runs. */
export async function outcomes(cluster: TestCluster, question: WebQuestion): Promise<string[]> {
  const seen = new Set<string>()
  for (let time = 0; time < 21; time += 1) seen.add(await outcome(cluster, question))
  return [...seen].sort()
}

/** The node of a pod has one and the same address, besides its own, on its side of each pod. */
function said({ server, client }: Answer): string {
  const node = Object.entries(nodeOf).find(([name]) => name === server)?.[1]
  const names = new Map<string, string>(Object.entries(addresses).map(([name, address]) => [address, name]))
  names.set(otherOutside, 'other outside').set('169.254.1.1', node ?? server)
  return `${server} sees ${names.get(client) ?? client}`
}
