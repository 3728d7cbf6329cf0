import type { Endpoints } from '../api/kinds/endpoints.ts'
import type { Pod } from '../api/kinds/pod.ts'
import type { Service } from '../api/kinds/service.ts'

/** What is in a namespace at one moment. */
export interface NamespaceState {
  readonly services: readonly Service[]
  readonly endpoints: readonly Endpoints[]
  readonly pods: readonly Pod[]
}

/** A line for each Service, with who is behind it, and for each pod. */
export function stateLines({ services, endpoints, pods }: NamespaceState): readonly string[] {
  const behind = new Map(endpoints.map((each) => [each.metadata.name, readyAddresses(each)]))
  const rows = [
    ...services.map((service) => [`service/${service.metadata.name}`, addressOf(service), `→ ${behind.get(service.metadata.name) ?? 'no endpoints'}`]),
    ...pods.map((pod) => [`pod/${pod.metadata.name}`, pod.status?.podIP ?? '-', `${readiness(pod)} ${pod.spec.nodeName ?? 'no node yet'}`]),
  ]
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd())
}

function addressOf({ spec, status }: Service): string {
  if (spec.type === 'ExternalName') return spec.externalName ?? '-'
  const external = status?.loadBalancer?.ingress?.[0]?.ip
  return [spec.clusterIP ?? '-', ...(external === undefined ? [] : [external])].join(' ')
}

function readyAddresses({ subsets = [] }: Endpoints): string {
  const all = subsets.flatMap(({ addresses = [], ports = [] }) => addresses.flatMap(({ ip }) => ports.map(({ port }) => `${ip}:${port}`)))
  return all.length === 0 ? 'no endpoints' : all.join(' ')
}

function readiness({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp !== undefined) return 'ending'
  const isReady = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
  return isReady ? 'ready' : 'not ready'
}
