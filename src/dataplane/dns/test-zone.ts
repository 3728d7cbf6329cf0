import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Namespace } from '../../api/kinds/namespace.ts'
import type { Pod, PodStatus } from '../../api/kinds/pod.ts'
import type { Service, ServiceSpec } from '../../api/kinds/service.ts'
import { keyOf, type KubeObject, type ObjectMeta } from '../../api/object.ts'
import { silentLog } from '../../base/log.ts'
import { LiveCache } from '../../client/live-cache.ts'

/** Caches for tests of names, filled by hand. */
export class TestCaches {
  readonly services = new LiveCache<Service>(silentLog)
  readonly slices = new LiveCache<EndpointSlice>(silentLog)
  readonly namespaces = new LiveCache<Namespace>(silentLog)
  readonly pods = new LiveCache<Pod>(silentLog)

  markSynced(): void {
    for (const cache of [this.services, this.slices, this.namespaces, this.pods]) cache.markSynced()
  }

  namespace(name: string): void {
    put(this.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: metadata(name), spec: {}, status: {} })
  }

  service(namespace: string, name: string, spec: ServiceSpec): void {
    put(this.services, { apiVersion: 'v1', kind: 'Service', metadata: metadata(name, namespace), spec })
  }

  pod(namespace: string, name: string, status: PodStatus, deletionTimestamp?: string): void {
    put(this.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata(name, namespace), ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) },
      spec: { containers: [] },
      status,
    })
  }

  slice(namespace: string, service: string, slice: Partial<EndpointSlice>, name = `${service}-1`): void {
    const labels = { 'kubernetes.io/service-name': service }
    put(this.slices, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata(name, namespace), labels },
      addressType: 'IPv4',
      endpoints: [],
      ...slice,
    })
  }
}

export function put<T extends KubeObject>(cache: LiveCache<T>, next: T): void {
  const key = keyOf(next)
  cache.apply([{ key, previous: cache.get(key), next }])
}

export function drop<T extends KubeObject>(cache: LiveCache<T>, key: string): void {
  cache.apply([{ key, previous: cache.get(key), next: undefined }])
}

function metadata(name: string, namespace?: string): ObjectMeta {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: name,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  }
}

/** A cluster with one Service of every sort. */
export function exampleCaches(): TestCaches {
  const caches = new TestCaches()
  for (const name of ['default', 'empty', 'kube-system']) caches.namespace(name)
  caches.service('kube-system', 'kube-dns', {
    clusterIP: '10.96.0.10',
    clusterIPs: ['10.96.0.10'],
    ports: [{ name: 'dns', protocol: 'UDP', port: 53 }],
  })
  caches.service('default', 'kubia', {
    clusterIP: '10.96.7.7',
    clusterIPs: ['10.96.7.7'],
    ports: [
      { name: 'http', protocol: 'TCP', port: 80 },
      { name: 'https', protocol: 'TCP', port: 443 },
    ],
  })
  caches.slice('default', 'kubia', {
    endpoints: [{ addresses: ['10.108.1.9'] }],
    ports: [{ name: 'http', port: 8080 }],
  })
  caches.service('default', 'dual', {
    clusterIP: '10.96.7.8',
    clusterIPs: ['10.96.7.8', 'fd00::8'],
    ports: [{ port: 80 }],
  })
  caches.service('default', 'headless', { clusterIP: 'None', clusterIPs: ['None'] })
  caches.slice('default', 'headless', {
    endpoints: [
      { addresses: ['10.108.1.5'], conditions: { ready: true } },
      { addresses: ['10.108.1.4'], hostname: 'Web-0' },
      { addresses: ['10.108.1.6'], conditions: { ready: false } },
    ],
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  })
  caches.service('default', 'unready', { clusterIP: 'None' })
  caches.slice('default', 'unready', { endpoints: [{ addresses: ['10.108.1.7'], conditions: { ready: false } }] })
  caches.service('default', 'external', { type: 'ExternalName', externalName: 'api.somecompany.com.' })
  caches.service('default', 'inner', { type: 'ExternalName', externalName: 'kubia.default.svc.cluster.local' })
  caches.service('default', 'lost', { type: 'ExternalName', externalName: 'nobody.default.svc.cluster.local' })
  caches.service('default', 'loop', { type: 'ExternalName', externalName: 'loop.default.svc.cluster.local' })
  caches.service('default', 'address', { type: 'ExternalName', externalName: '192.0.2.1' })
  caches.service('default', 'pending', { clusterIP: '' })
  caches.service('default', 'six', { clusterIP: 'None' })
  caches.slice('default', 'six', {
    addressType: 'IPv6',
    endpoints: [{ addresses: ['fd00::1:2'] }, { addresses: ['FD00:0::0:3'], hostname: 'web-6' }, { addresses: ['fd00:1::'] }],
    ports: [{ name: 'http', port: 8080 }],
  })
  caches.pod('default', 'web', { phase: 'Running', podIP: '10.108.1.9', podIPs: [{ ip: '10.108.1.9' }, { ip: 'fd00::9' }] })
  caches.pod('default', 'pending', { phase: 'Pending' })
  caches.pod('default', 'over', { phase: 'Succeeded', podIP: '10.108.1.20' })
  caches.pod('default', 'going', { phase: 'Running', podIP: '10.108.1.21' }, '2026-01-01T00:00:00Z')
  caches.pod('empty', 'in-the-node-s-network', { phase: 'Running', podIP: '192.168.99.11' })
  return caches
}
