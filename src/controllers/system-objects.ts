import { isDeepStrictEqual } from 'node:util'
import { isStatus } from '../api/errors.ts'
import { type EndpointSlice, EndpointSlices, serviceNameLabel } from '../api/kinds/endpoint-slice.ts'
import { type Endpoints, EndpointsResource } from '../api/kinds/endpoints.ts'
import { defaultClassAnnotation, type IngressClass, IngressClasses } from '../api/kinds/ingress-class.ts'
import { ingressServiceClass } from '../api/kinds/load-balancer.ts'
import { type Namespace, Namespaces } from '../api/kinds/namespace.ts'
import { type PriorityClass, PriorityClasses, systemPriorities } from '../api/kinds/priority-class.ts'
import { ServiceCIDRs } from '../api/kinds/service-cidr.ts'
import { type Service, Services } from '../api/kinds/service.ts'
import type { Draft, KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { Client } from '../client/client.ts'

export interface SystemAddresses {
  /** Where the API server listens in the node network. */
  readonly server: { readonly address: string; readonly port: number }
  /** Cluster IPs of the Services `kubernetes` and `kube-dns`. */
  readonly apiService: string
  readonly dnsService: string
  /** Where Ingresses are served: in the node network, and for clients from outside. */
  readonly ingress: { readonly address: string; readonly outside: string }
  /** Where cluster IPs are taken from, `10.96.0.0/13`. */
  readonly services: string
}

/**
 * The objects that every cluster has: four namespaces, two PriorityClasses, the range of cluster IPs, the `kubernetes`
 * Service with the server behind it, `kube-dns`, the IngressClass `portolan` and the Service of what serves it. Made where they are missing, so that clients find them before anything else runs.
 */
export async function ensureSystemObjects(client: Client, addresses: SystemAddresses): Promise<void> {
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    await ensure(client, Namespaces, namespace(name))
  }
  await Promise.all([
    ...[...systemPriorities.keys()].map((name) => ensure(client, PriorityClasses, priorityClass(name))),
    ensure(client, ServiceCIDRs, { metadata: { name: 'kubernetes' }, spec: { cidrs: [addresses.services] } }),
    ensure(client, Services, kubernetesService(addresses)),
    ensure(client, Services, dnsService(addresses)),
    ensure(client, EndpointsResource, kubernetesEndpoints(addresses)),
    ensure(client, EndpointSlices, kubernetesSlice(addresses)),
    ensure(client, IngressClasses, ingressClass),
    ensure(client, Services, ingressService),
    ensure(client, EndpointSlices, ingressSlice(addresses)),
  ])
  await tellIngressAddress(client, addresses)
}

async function ensure<T extends KubeObject>(client: Client, resource: Resource<T>, object: Draft<T>): Promise<void> {
  const { namespace, name = '' } = object.metadata
  try {
    await client.get(resource, { namespace, name })
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
    await client.create(resource, object)
  }
}

function namespace(name: string): Draft<Namespace> {
  return { metadata: { name } }
}

const priorityDescriptions: Readonly<Record<string, string>> = {
  'system-node-critical': 'For pods without which their node does not work, and that no other node can run for it.',
  'system-cluster-critical': 'For pods without which the cluster does not work, on whatever node.',
}

function priorityClass(name: string): Draft<PriorityClass> {
  const description = priorityDescriptions[name] ?? ''
  return { metadata: { name }, value: systemPriorities.get(name) ?? 0, description }
}

const apiPort = { name: 'https', port: 443, protocol: 'TCP' }
const apiLabels = { component: 'apiserver', provider: 'kubernetes' }

function kubernetesService({ apiService, server }: SystemAddresses): Draft<Service> {
  return {
    metadata: { name: 'kubernetes', namespace: 'default', labels: apiLabels },
    spec: { clusterIP: apiService, ports: [{ ...apiPort, targetPort: server.port }] },
  }
}

// Both forms are written here and by no controller: the Service has no selector, and its slice is no mirror.
function kubernetesEndpoints({ server }: SystemAddresses): Draft<Endpoints> {
  return {
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
    },
    subsets: [{ addresses: [{ ip: server.address }], ports: [{ ...apiPort, port: server.port }] }],
  }
}

function kubernetesSlice({ server }: SystemAddresses): Draft<EndpointSlice> {
  return {
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [server.address], conditions: { ready: true } }],
    ports: [{ ...apiPort, port: server.port }],
  }
}

function dnsService({ dnsService: clusterIP }: SystemAddresses): Draft<Service> {
  return {
    metadata: {
      name: 'kube-dns',
      namespace: 'kube-system',
      labels: {
        'k8s-app': 'kube-dns',
        'kubernetes.io/name': 'CoreDNS',
        // The DNS server of each node is bound to the address itself: service proxies leave it alone.
        'service.kubernetes.io/service-proxy-name': 'portolan-dns',
      },
    },
    spec: {
      clusterIP,
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53, protocol: 'TCP' },
      ],
    },
  }
}

const ingressClass: Draft<IngressClass> = {
  metadata: { name: 'portolan', annotations: { [defaultClassAnnotation]: 'true' } },
  spec: { controller: 'portolan.dev/ingress' },
}

const ingressName = { namespace: 'kube-system', name: 'portolan-ingress' }
const ingressPorts = [
  { name: 'http', port: 80, protocol: 'TCP' },
  { name: 'https', port: 443, protocol: 'TCP' },
]

/** The edge has its address itself, so that it is no load balancer's to give. */
const ingressService: Draft<Service> = {
  metadata: ingressName,
  spec: {
    type: 'LoadBalancer',
    loadBalancerClass: ingressServiceClass,
    allocateLoadBalancerNodePorts: false,
    ports: ingressPorts,
  },
}

function ingressSlice({ ingress }: SystemAddresses): Draft<EndpointSlice> {
  return {
    metadata: { ...ingressName, labels: { [serviceNameLabel]: ingressName.name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [ingress.address], conditions: { ready: true } }],
    ports: ingressPorts,
  }
}

async function tellIngressAddress(client: Client, { ingress }: SystemAddresses): Promise<void> {
  const { status } = await client.get(Services, ingressName)
  const told = [{ ip: ingress.outside, ipMode: 'VIP' }]
  if (isDeepStrictEqual(status?.loadBalancer?.ingress, told)) return
  const body = { status: { loadBalancer: { ingress: told } } }
  await client.patch(Services, { ...ingressName, subresource: 'status' }, { type: 'merge', body })
}
