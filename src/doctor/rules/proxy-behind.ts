import { insideDestinations, isHeadless, readyEndpoints, textOf } from '../destinations.ts'
import { kernelEndpoints } from '../kernel-endpoints.ts'
import type { ServiceFacts } from '../facts.ts'
import type { Finding } from '../finding.ts'
import type { Destination } from '../reach/questions.ts'
import type { Rule } from './rule.ts'

/** The kernel of a node sends elsewhere than the EndpointSlices say: its service proxy is behind, or held up. */
export const proxyBehind: Rule = (facts) => {
  const { service, cluster } = facts
  if (service.spec.type === 'ExternalName' || isHeadless(service)) return []
  return [...cluster.kernels].flatMap(([node, elements]) => {
    const differences = insideDestinations(facts).flatMap((frontend) => {
      const wanted = endpointsFor(facts, frontend)
      const held = kernelEndpoints(elements, frontend) ?? []
      return agrees(held, wanted, facts) ? [] : [{ frontend: textOf(frontend), wanted: wanted.join(', '), held: held.join(', ') }]
    })
    return differences.slice(0, 1).map((difference) => finding(node, difference))
  })
}

function finding(node: string, { frontend, wanted, held }: { frontend: string; wanted: string; held: string }): Finding {
  return {
    reason: 'ProxyBehind',
    cause: `The service proxy of ${node} does not have what the API says of ${frontend}`,
    evidence: [`EndpointSlices: ${wanted || 'no endpoint'}`, `kernel of ${node}: ${held || 'no endpoint'}`],
    fix: 'see what the agent of the node is busy with, and whether it runs',
    command: `./portolan node exec ${node} -- nft list map inet portolan-proxy services; ./portolan status`,
  }
}

function endpointsFor(facts: ServiceFacts, { protocol, port }: Destination): readonly string[] {
  const all = readyEndpoints(facts).filter((endpoint) => endpoint.servicePort.port === port && endpoint.protocol === protocol)
  return [...new Set(all.map(({ address, port: target }) => `${address}:${target}`))].sort()
}

function agrees(held: readonly string[], wanted: readonly string[], facts: ServiceFacts): boolean {
  // With none that is ready, those that are on their way out still serve.
  if (wanted.length === 0) return held.every((endpoint) => isInSlices(endpoint, facts))
  if (mayLeaveOut(facts)) return held.every((endpoint) => wanted.includes(endpoint))
  return held.join() === wanted.join()
}

function isInSlices(endpoint: string, { slices }: ServiceFacts): boolean {
  return slices.some(({ endpoints }) => endpoints.some(({ addresses }) => addresses.includes(endpoint.split(':')[0] ?? '')))
}

/** Nodes keep traffic near where the Service asks for it. */
function mayLeaveOut({ service, slices }: ServiceFacts): boolean {
  const hasHints = slices.some(({ endpoints }) => endpoints.some(({ hints }) => hints !== undefined))
  return service.spec.internalTrafficPolicy === 'Local' || hasHints
}
