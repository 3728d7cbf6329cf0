import { canBeTried, insideDestinations, outsideDestinations, readyEndpoints, textOf } from './destinations.ts'
import type { ServiceFacts, View } from './facts.ts'
import { nodesAtWork } from './nodes.ts'
import type { Destination, Outcome } from './reach/questions.ts'

export interface Attempt extends Destination {
  readonly place: string
  readonly outcome: Outcome
}

/** Of many endpoints not all are connected to by themselves. */
const maxDirect = 20

/** What is to be tried from a place for one Service. */
export function destinationsFrom(kind: View['kind'], facts: ServiceFacts): readonly Destination[] {
  const { service } = facts
  if (kind === 'outside') return outsideDestinations(service, nodeAddresses(facts))
  const direct = kind === 'node' ? readyEndpoints(facts).filter(({ servicePort }) => canBeTried(servicePort)).slice(0, maxDirect) : []
  return [...insideDestinations(facts), ...direct]
}

/** What was tried for one Service, from everywhere. */
export function attempts(facts: ServiceFacts): readonly Attempt[] {
  return facts.cluster.views.flatMap(({ kind, place, answers }) => {
    const own = new Set(destinationsFrom(kind, facts).map(textOf))
    return answers.connections.filter((connection) => own.has(textOf(connection))).map((connection) => ({ place, ...connection }))
  })
}

export function failures(facts: ServiceFacts): readonly Attempt[] {
  return attempts(facts).filter(({ outcome }) => outcome !== 'open' && outcome !== 'unanswered')
}

/** Of the nodes that clients, or their load balancer, would ask. */
function nodeAddresses(facts: ServiceFacts): readonly string[] {
  const { cluster, service } = facts
  const isChosen = service.spec.type === 'LoadBalancer' && service.spec.externalTrafficPolicy === 'Local'
  const withEndpoints = new Set(readyEndpoints(facts).map(({ nodeName }) => nodeName))
  const atWork = nodesAtWork(cluster).map(({ metadata }) => metadata.name).filter((name) => !isChosen || withEndpoints.has(name))
  return cluster.surroundings.nodes.filter(({ name }) => atWork.includes(name)).map(({ address }) => address)
}
