import type { EndpointSlice } from '../api/kinds/endpoint-slice.ts'
import type { Node } from '../api/kinds/node.ts'
import type { Pod } from '../api/kinds/pod.ts'
import type { Service } from '../api/kinds/service.ts'
import type { ListeningSocket } from '../kernel/listening-sockets.ts'
import { destinationsFrom } from './attempts.ts'
import type { ClusterFacts, KernelElements, ServiceFacts, View } from './facts.ts'
import type { NameAnswer, Outcome } from './reach/questions.ts'
import { factsOf } from './service-facts.ts'

export const clusterIP = '10.96.1.1'
const podIP = '10.108.1.2'
const frontend = `${clusterIP} . tcp . 80`

export interface Setup {
  readonly spec?: Partial<Service['spec']>
  /** Address of a load balancer. */
  readonly balanced?: string
  readonly pods?: readonly Pod[]
  readonly slices?: readonly EndpointSlice[]
  readonly nodes?: readonly Node[]
  /** Of pod `web`. */
  readonly sockets?: readonly ListeningSocket[]
  readonly kernel?: KernelElements
  /** What comes of all connections. */
  readonly outcome?: Outcome
  readonly answer?: Partial<NameAnswer>
  /** Whether the agent of node-1 was stopped. */
  readonly isOff?: boolean
}

/** A healthy Service `kubia` with one pod `web` on one node, but for what is told otherwise. */
export function facts(setup: Setup = {}): ServiceFacts {
  const service = serviceOf(setup)
  const { pods = [pod()], slices = [slice()], nodes = [node()], sockets = [tcp('::', 8080)], kernel = elements(), isOff = false } = setup
  const cluster: ClusterFacts = {
    services: [service], pods, slices, nodes, endpoints: [], events: [], views: [], now: new Date('2026-01-01T00:00:00Z'),
    surroundings: {
      nodes: [{ name: 'node-1', address: '192.168.99.11', netns: '/run/netns/node-1', podsCgroup: '/pods', isOff }],
      outside: { netns: '/run/netns/outside', address: '203.0.113.2' },
      dnsServer: '10.96.0.10',
      ingressAddress: '203.0.113.3',
      domain: 'cluster.local',
    },
    listeners: new Map([['web', sockets]]),
    kernels: new Map([['node-1', kernel]]),
  }
  const bare = factsOf(service, cluster)
  return factsOf(service, { ...cluster, views: [view('node', 'node-1', bare, setup), view('outside', 'outside', bare, setup)] })
}

function view(kind: View['kind'], place: string, bare: ServiceFacts, { outcome = 'open', answer = {} }: Setup): View {
  const { type, externalName } = bare.service.spec
  const name = type === 'ExternalName' && externalName !== undefined ? externalName : 'kubia.default.svc.cluster.local'
  const connections = destinationsFrom(kind, bare).map((destination) => ({ ...destination, outcome }))
  return { kind, place, answers: { connections, requests: [], names: kind === 'outside' ? [] : [{ name, addresses: [clusterIP], ...answer }] } }
}

export function tcp(address: string, port: number): ListeningSocket {
  return { protocol: 'TCP', address, port }
}

/** What the proxy of a node has for the Service: one endpoint, the pod's unless another is given. */
export function elements(endpoint = `${podIP} . 8080`): KernelElements {
  return new Map([
    ['services', new Map([[frontend, '0:4001']])],
    ['slots-1', new Map([['0:4001 . 0', endpoint]])],
  ])
}

export function pod(spec: Partial<Pod['spec']> = {}, labels: Record<string, string> = { app: 'kubia' }): Pod {
  const ports = [{ name: 'http', containerPort: 8080, protocol: 'TCP' }]
  return {
    apiVersion: 'v1', kind: 'Pod', metadata: { ...meta('web'), labels },
    spec: { nodeName: 'node-1', containers: [{ name: 'main', image: 'luksa/kubia', ports }], ...spec },
    status: { phase: 'Running', podIP, conditions: [{ type: 'Ready', status: 'True' }] },
  }
}

export function slice(address = podIP, port = 8080): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4',
    metadata: { ...meta('kubia-x'), labels: { 'kubernetes.io/service-name': 'kubia' } },
    endpoints: [{ addresses: [address], conditions: { ready: true }, nodeName: 'node-1' }],
    ports: [{ name: '', port, protocol: 'TCP' }],
  }
}

export function node(name = 'node-1', ready = 'True'): Node {
  return { apiVersion: 'v1', kind: 'Node', metadata: meta(name), spec: {}, status: { conditions: [{ type: 'Ready', status: ready, reason: 'NodeStatusUnknown' }] } }
}

function serviceOf({ spec, balanced }: Setup): Service {
  const usual = { type: 'ClusterIP', clusterIP, selector: { app: 'kubia' }, ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }] }
  return { apiVersion: 'v1', kind: 'Service', metadata: meta('kubia'), spec: { ...usual, ...spec }, status: { loadBalancer: balanced === undefined ? {} : { ingress: [{ ip: balanced }] } } }
}

function meta(name: string) {
  return { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
}
