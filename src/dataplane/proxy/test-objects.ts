import type { Endpoint, EndpointSlice, SlicePort } from '../../api/kinds/endpoint-slice.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { Service, ServiceSpec } from '../../api/kinds/service.ts'
import type { ManualClock } from '../../base/manual-clock.ts'
import type { OwnNode } from './own-node.ts'
import { ipv4, type ClusterRange } from './family.ts'
import type { ProxyHealth } from './health-check-servers.ts'
import type { HealthCheck } from './health-check.ts'
import type { Proxy } from './proxy.ts'

export { TestCache } from '../../client/test-cache.ts'

export const ranges: readonly ClusterRange[] = [{ family: ipv4, services: ['10.96.0.0/13'], pods: '10.108.0.0/16' }]
export const nodeName = 'node-1'
export const ownNode: OwnNode = { name: nodeName, addresses: ['192.168.99.11'], podRanges: ['10.108.1.0/24'], zone: 'a' }

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

/** The node of the proxy unless another is given. */
export function node({ name, addresses, podRanges, zone }: OwnNode = ownNode): Node {
  const labels: Record<string, string> = zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { ...metadata(name, labels), namespace: '' },
    spec: { podCIDRs: [...podRanges] },
    status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
  }
}

/** What the proxy said last. */
export class RecordedHealthChecks {
  last: readonly HealthCheck[] = []
  isUpToDate = false

  set({ checks, isUpToDate }: ProxyHealth): void {
    this.last = checks
    this.isUpToDate = isUpToDate
  }
}

/** Lets the proxy remove what lingers: each element stays for one such time and at most two. */
export async function tidied(proxy: Proxy, clock: Pick<ManualClock, 'advance'>): Promise<void> {
  for (let time = 0; time < 2; time += 1) {
    clock.advance(50)
    await proxy.settled()
  }
}

/** The slices that the rules agree with, by resourceVersion, as the proxy tells it. */
export function appliedBy(proxy: Proxy): ReadonlyMap<string, string> {
  const applied = new Map<string, string>()
  proxy.onApplied((slices) => {
    for (const [key, version] of slices) {
      if (version === undefined) applied.delete(key)
      else applied.set(key, version)
    }
  })
  return applied
}
