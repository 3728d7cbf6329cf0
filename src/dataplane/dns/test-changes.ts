import * as fc from 'fast-check'
import { drop, type TestCaches } from './test-zone.ts'

/** Random clusters, as the changes that lead to them. */
export const domain = 'cluster.local'

// Few names and addresses, so that what is asked for is often there, and things get in each other's way.
export const namespaces = ['default', 'team-a', 'kube-system', 'gone']
const serviceNames = ['web', 'db', 'kube-dns', 'svc', 'pod']
const hostnames = ['web-0', 'db', 'svc']
const portNames = ['http', 'dns', 'web']
const protocols = ['TCP', 'UDP', 'SCTP']
const address = fc.integer({ min: 1, max: 6 }).map((last) => `10.108.1.${last}`)
const oneOf = <T>(values: readonly T[]) => fc.constantFrom(...values)
const port = fc.record(
  { name: oneOf(portNames), protocol: oneOf(protocols), port: fc.constantFrom(53, 80, 8080) },
  { requiredKeys: ['port'] },
)
const where = { namespace: oneOf(namespaces), name: oneOf(serviceNames) }

/** One change of the cluster. */
export const change = fc.oneof(
  fc.record({ kind: fc.constant('cluster-ip'), ...where, ip: fc.integer({ min: 1, max: 4 }), ports: fc.uniqueArray(port, { selector: nameOfPort, maxLength: 3 }) }),
  fc.record({ kind: fc.constant('headless'), ...where }),
  fc.record({ kind: fc.constant('external'), ...where, target: oneOf(['api.somecompany.com', 'web.default.svc.cluster.local']) }),
  fc.record({
    kind: fc.constant('slice'),
    ...where,
    part: oneOf([1, 2]),
    endpoints: fc.array(fc.record({ address, hostname: oneOf(hostnames), ready: fc.boolean() }, { requiredKeys: ['address'] }), { maxLength: 4 }),
    ports: fc.uniqueArray(port, { selector: nameOfPort, maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant('pod'), ...where, address }),
  fc.record({ kind: fc.constant('namespace'), namespace: oneOf(namespaces) }),
  fc.record({ kind: oneOf(['drop-service', 'drop-slice', 'drop-pod', 'drop-namespace'] as const), ...where }),
)
export type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

function nameOfPort({ name, protocol = 'TCP', port }: { name?: string; protocol?: string; port: number }): string {
  return name === undefined ? `${protocol} ${port}` : name
}

export function apply(caches: TestCaches, next: Change): void {
  switch (next.kind) {
    case 'cluster-ip': {
      const { namespace, name, ip, ports } = next as Extract<Change, { ip: number }>
      // Each Service has an address of its own, as the API sees to.
      const clusterIP = `10.96.${10 * serviceNames.indexOf(name) + namespaces.indexOf(namespace)}.${ip}`
      return caches.service(namespace, name, { clusterIP, clusterIPs: [clusterIP], ports })
    }
    case 'headless': {
      const { namespace, name } = next as Extract<Change, { name: string }>
      return caches.service(namespace, name, { clusterIP: 'None', clusterIPs: ['None'] })
    }
    case 'external': {
      const { namespace, name, target } = next as Extract<Change, { target: string }>
      return caches.service(namespace, name, { type: 'ExternalName', externalName: target })
    }
    case 'slice': {
      const { namespace, name, part, endpoints, ports } = next as Extract<Change, { part: number }>
      const ready = endpoints.map(({ address, hostname, ready }) => ({
        addresses: [address],
        ...(hostname === undefined ? {} : { hostname }),
        ...(ready === undefined ? {} : { conditions: { ready } }),
      }))
      return caches.slice(namespace, name, { endpoints: ready, ports }, `${name}-${part}`)
    }
    case 'pod': {
      const { namespace, name, address } = next as Extract<Change, { address: string }>
      return caches.pod(namespace, name, { phase: 'Running', podIP: address })
    }
    case 'namespace':
      return caches.namespace(next.namespace)
    case 'drop-service':
      return drop(caches.services, keyOfChange(next))
    case 'drop-slice':
      return drop(caches.slices, `${keyOfChange(next)}-1`)
    case 'drop-pod':
      return drop(caches.pods, keyOfChange(next))
    case 'drop-namespace':
      return drop(caches.namespaces, next.namespace)
    default:
      throw new Error(`unknown change ${String(next)}`)
  }
}

function keyOfChange(next: Change): string {
  return `${next.namespace}/${'name' in next ? next.name : ''}`
}

/** Names that could be there, names beside and above those, and some that cannot. */
export function candidateNames(): string[] {
  const services = namespaces.flatMap((namespace) => serviceNames.map((name) => `${name}.${namespace}.svc.${domain}`))
  const prefixes = [...hostnames, '10-108-1-3', '_http._tcp', '_dns._udp', '_web._sctp', '_._tcp', '_http', 'http.tcp', 'a.b.c']
  const above = ['', 'svc.', 'pod.', 'dns.', 'ns.dns.', 'dns-version.', 'x.dns-version.', 'other.'].map((prefix) => `${prefix}${domain}`)
  const inNamespaces = namespaces.flatMap((namespace) => [`${namespace}.svc.${domain}`, `${namespace}.pod.${domain}`, `10-108-1-2.${namespace}.pod.${domain}`])
  return [...services, ...services.flatMap((name) => prefixes.map((prefix) => `${prefix}.${name}`)), ...above, ...inNamespaces]
}
