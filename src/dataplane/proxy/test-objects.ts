import type { Endpoint, EndpointSlice, SlicePort } from '../../api/kinds/endpoint-slice.ts'
import type { Service, ServiceSpec } from '../../api/kinds/service.ts'
import { keyOf, type KubeObject, type ObjectKey } from '../../api/object.ts'
import { silentLog } from '../../base/log.ts'
import { LiveCache } from '../../client/live-cache.ts'
import { ipv4, type ServiceRange } from './family.ts'

export const ranges: readonly ServiceRange[] = [{ family: ipv4, cidr: '10.96.0.0/12' }]

let versions = 0

function metadata(name: string, labels: Record<string, string> = {}) {
  versions += 1
  return {
    name,
    namespace: 'default',
    uid: name,
    resourceVersion: String(versions),
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels,
  }
}

/** Port 80 over TCP unless the specification says otherwise. */
export function service(name: string, spec: Partial<ServiceSpec>, labels: Record<string, string> = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(name, labels),
    spec: { type: 'ClusterIP', ports: [{ port: 80, protocol: 'TCP' }], ...spec },
  }
}

/** A slice of the Service; its port is 8080 over TCP unless ports are given. A mere address is a ready endpoint. */
export function slice(
  serviceName: string,
  endpoints: readonly (string | Endpoint)[],
  { name = `${serviceName}-1`, ...rest }: { name?: string; ports?: SlicePort[]; addressType?: string } = {},
): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: metadata(name, { 'kubernetes.io/service-name': serviceName }),
    addressType: 'IPv4',
    ports: [{ port: 8080, protocol: 'TCP' }],
    endpoints: endpoints.map((endpoint) => (typeof endpoint === 'string' ? { addresses: [endpoint] } : endpoint)),
    ...rest,
  }
}

/** A cache that a test fills. */
export class TestCache<T extends KubeObject> extends LiveCache<T> {
  constructor(objects: readonly T[] = []) {
    super(silentLog)
    this.put(...objects)
    this.markSynced()
  }

  put(...objects: readonly T[]): void {
    this.apply(objects.map((next) => ({ key: keyOf(next), previous: this.get(keyOf(next)), next })))
  }

  remove(key: ObjectKey): void {
    this.apply([{ key, previous: this.get(key), next: undefined }])
  }
}
