import { flowKey, type TrackedFlow } from '../../kernel/conntrack.ts'
import type { ClusterRange } from './family.ts'
import type { ServicePort } from './model.ts'

/**
 * Connection tracking entries that must go because they lead elsewhere than a service port does now: to an endpoint
 * that has left it, or, when it gets its first endpoint, past it. Of UDP only: a TCP connection to a removed endpoint is
 * left alone until it ends.
 */
export function departedFlows(last: readonly ServicePort[], next: readonly ServicePort[]): TrackedFlow[] {
  const kept = new Set(udpFlows(next).map(flowKey))
  const served = new Set(udpFlows(last).map(frontend))
  return [
    ...udpFlows(last).filter((flow) => !kept.has(flowKey(flow))),
    ...onePerFrontend(udpFlows(next).filter((flow) => !served.has(frontend(flow)))).map(untranslated),
  ]
}

/**
 * Of the entries found at a start, those that no service port would make now: they are from an earlier life of the
 * proxy, or from before it, when nothing translated what was sent to a service.
 */
export function staleFlows(
  found: readonly TrackedFlow[],
  ports: readonly ServicePort[],
  ranges: readonly ClusterRange[],
): TrackedFlow[] {
  const wanted = new Set(udpFlows(ports).map(flowKey))
  const served = new Set(udpFlows(ports).map(frontend))
  return found.filter((flow) => {
    const { destination, answeredBy } = flow
    if (wanted.has(flowKey(flow))) return false
    const isTranslated = destination.address !== answeredBy.address || destination.port !== answeredBy.port
    const isOurs = ranges.some(({ family, services }) => services.some((cidr) => family.contains(cidr, destination.address)))
    return served.has(frontend(flow)) || (isOurs && isTranslated)
  })
}

function udpFlows(ports: readonly ServicePort[]): TrackedFlow[] {
  return ports
    .filter(({ protocol }) => protocol === 'udp')
    .flatMap(({ address, port, endpoints, outside }) =>
      [...endpoints, ...(outside?.endpoints ?? [])].map((endpoint) => ({
        protocol: 'udp' as const,
        destination: { address, port },
        answeredBy: { address: endpoint.address, port: endpoint.port },
      })),
    )
}

function untranslated(flow: TrackedFlow): TrackedFlow {
  return { ...flow, answeredBy: flow.destination }
}

function onePerFrontend(flows: readonly TrackedFlow[]): TrackedFlow[] {
  return [...new Map(flows.map((flow) => [frontend(flow), flow])).values()]
}

function frontend({ destination }: TrackedFlow): string {
  return `${destination.address} ${destination.port}`
}
