import { insideDestinations, isSame, outsideDestinations, readyEndpoints } from './destinations.ts'
import type { ClusterFacts, ServiceFacts, View } from './facts.ts'
import { isReadyNode } from './nodes.ts'
import type { Destination, Outcome } from './reach/questions.ts'

export interface Attempt extends Destination {
  readonly place: string
  readonly outcome: Outcome
}

/** What is to be tried from a place for one Service. */
export function destinationsFrom(kind: View['kind'], facts: ServiceFacts): readonly Destination[] {
  const { service, cluster } = facts
  if ((service.spec.ports ?? []).every(({ protocol }) => protocol === 'SCTP')) return []
  if (kind === 'outside') return outsideDestinations(service, addressesOfReadyNodes(cluster))
  const direct = kind === 'node' ? readyEndpoints(facts).slice(0, 20) : []
  return [...insideDestinations(facts), ...direct]
}

/** What was tried for one Service, from everywhere. */
export function attempts(facts: ServiceFacts): readonly Attempt[] {
  return facts.cluster.views.flatMap(({ kind, place, answers }) =>
    answers.connections
      .filter((connection) => destinationsFrom(kind, facts).some((wanted) => isSame(wanted, connection)))
      .map((connection) => ({ place, ...connection })),
  )
}

export function failures(facts: ServiceFacts): readonly Attempt[] {
  return attempts(facts).filter(({ outcome }) => outcome !== 'open' && outcome !== 'unanswered')
}

function addressesOfReadyNodes({ surroundings, nodes }: ClusterFacts): readonly string[] {
  const ready = new Set(nodes.filter(isReadyNode).map(({ metadata }) => metadata.name))
  return surroundings.nodes.filter(({ name }) => ready.has(name)).map(({ address }) => address)
}
