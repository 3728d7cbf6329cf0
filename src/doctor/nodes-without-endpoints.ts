import { readyEndpoints } from './destinations.ts'
import type { ServiceFacts } from './facts.ts'
import { nodesAtWork } from './nodes.ts'

/** One list, or none: of ready nodes without endpoints, if there are endpoints elsewhere. */
export function emptyNodes(facts: ServiceFacts): readonly (readonly string[])[] {
  const endpoints = readyEndpoints(facts)
  const empty = nodesAtWork(facts.cluster)
    .map(({ metadata }) => metadata.name)
    .filter((name) => endpoints.every(({ nodeName }) => nodeName !== name))
  return endpoints.length === 0 || empty.length === 0 ? [] : [empty]
}

/** As evidence. */
export function whereEndpointsAre(facts: ServiceFacts): readonly string[] {
  const nodes = [...new Set(readyEndpoints(facts).map(({ nodeName }) => nodeName ?? 'no node'))]
  return [`ready endpoints are on ${nodes.join(', ')}`]
}
