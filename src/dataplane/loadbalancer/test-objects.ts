import type { Endpoint, EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import { ownClasses } from '../../api/kinds/load-balancer.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { Service, ServiceSpec } from '../../api/kinds/service.ts'

export const pool = { first: 0xcb007100 + 10, last: 0xcb007100 + 254 }
export const domain = { pool, classes: ownClasses }

let versions = 0

function metadata(name: string, labels: Record<string, string> = {}) {
  versions += 1
  return { name, uid: name, resourceVersion: String(versions), creationTimestamp: '2026-01-01T00:00:00Z', labels }
}

/** With an address; port 80 over TCP unless the specification says otherwise. */
export function balanced(name: string, address: string, spec: Partial<ServiceSpec> = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata(name), namespace: 'default' },
    spec: { type: 'LoadBalancer', clusterIP: '10.96.0.10', ports: [{ port: 80, protocol: 'TCP' }], ...spec },
    status: { loadBalancer: { ingress: [{ ip: address, ipMode: 'VIP' }] } },
  }
}

export const local = (healthCheckNodePort: number): Partial<ServiceSpec> => ({ externalTrafficPolicy: 'Local', healthCheckNodePort })

/** The endpoints of a Service, each said by the name of its node, where it is ready unless conditions are given. */
export function slice(serviceName: string, nodes: readonly (string | readonly [string, Endpoint['conditions']])[]): EndpointSlice {
  const endpoints = nodes.map((each, index): Endpoint => {
    const [nodeName, conditions] = typeof each === 'string' ? [each, { ready: true }] : each
    return { addresses: [`10.108.1.${index + 2}`], nodeName, ...(conditions === undefined ? {} : { conditions }) }
  })
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata(`${serviceName}-1`, { 'kubernetes.io/service-name': serviceName }), namespace: 'default' },
    addressType: 'IPv4',
    ports: [{ port: 8080, protocol: 'TCP' }],
    endpoints,
  }
}

/** `node-1` has 192.168.99.11, and so on. */
export function node(number: number, { labels = {}, spec = {} }: { labels?: Record<string, string>; spec?: Node['spec'] } = {}): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: metadata(`node-${number}`, labels),
    spec,
    status: { addresses: [{ type: 'Hostname', address: `node-${number}` }, { type: 'InternalIP', address: addressOf(number) }] },
  }
}

export function addressOf(number: number): string {
  return `192.168.99.${10 + number}`
}
