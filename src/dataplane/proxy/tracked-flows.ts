import { flowKey, type TrackedFlow } from '../../kernel/conntrack.ts'
import type { ServiceRange } from './family.ts'
import type { ServicePort } from './model.ts'

/**
 * Connection tracking entries that must go because their endpoint has left a service port. Of UDP only: a TCP
 * connection to a removed endpoint is left alone until it ends.
 */
export function departedFlows(last: readonly ServicePort[], next: readonly ServicePort[]): TrackedFlow[] {
  const kept = new Set(udpFlows(next).map(flowKey))
  return udpFlows(last).filter((flow) => !kept.has(flowKey(flow)))
}

/**
 * Of the entries found at a start, those that no service port would make now: they are from an earlier life of the
 * proxy, or from before it, when nothing translated what was sent to a service.
 */
export function staleFlows(
  found: readonly TrackedFlow[],
  ports: readonly ServicePort[],
  ranges: readonly ServiceRange[],
): TrackedFlow[] {
  const wanted = new Set(udpFlows(ports).map(flowKey))
  const served = new Set(udpFlows(ports).map(({ destination }) => `${destination.address} ${destination.port}`))
  return found.filter((flow) => {
    const { destination, answeredBy } = flow
    if (wanted.has(flowKey(flow))) return false
    const isTranslated = destination.address !== answeredBy.address || destination.port !== answeredBy.port
    const isOurs = ranges.some(({ family, cidr }) => family.contains(cidr, destination.address))
    return served.has(`${destination.address} ${destination.port}`) || (isOurs && isTranslated)
  })
}

function udpFlows(ports: readonly ServicePort[]): TrackedFlow[] {
  return ports
    .filter(({ protocol }) => protocol === 'udp')
    .flatMap(({ address, port, endpoints }) =>
      endpoints.map((endpoint) => ({
        protocol: 'udp' as const,
        destination: { address, port },
        answeredBy: { address: endpoint.address, port: endpoint.port },
      })),
    )
}
