import { patchCommand } from '../commands.ts'
import { readyEndpoints } from '../destinations.ts'
import type { ServiceFacts } from '../facts.ts'
import { isReadyNode } from '../nodes.ts'
import type { Rule } from './rule.ts'

/** Clients from outside that ask a node without a pod are dropped. */
export const externalPolicyLocal: Rule = (facts) => {
  const { type, externalTrafficPolicy } = facts.service.spec
  const isOpen = type === 'NodePort' || type === 'LoadBalancer'
  if (!isOpen || externalTrafficPolicy !== 'Local') return []
  return emptyNodes(facts).map((nodes) => ({
    reason: 'ExternalTrafficPolicyLocal',
    cause: `externalTrafficPolicy is Local, and ${nodes.join(', ')} ${nodes.length === 1 ? 'has' : 'have'} no ready pod of the Service: who asks there from outside gets no answer`,
    evidence: [...whereEndpointsAre(facts)],
    fix: `ask a node that has a pod, run a pod on each node, or let nodes pass traffic on, which hides the clients' addresses`,
    command: patchCommand('service', facts.service, { spec: { externalTrafficPolicy: 'Cluster' } }),
  }))
}

/** Pods on a node without a pod of the Service are refused. */
export const internalPolicyLocal: Rule = (facts) => {
  if (facts.service.spec.internalTrafficPolicy !== 'Local') return []
  return emptyNodes(facts).map((nodes) => ({
    reason: 'InternalTrafficPolicyLocal',
    cause: `internalTrafficPolicy is Local, and ${nodes.join(', ')} ${nodes.length === 1 ? 'has' : 'have'} no ready pod of the Service: clients there get no answer`,
    evidence: [...whereEndpointsAre(facts)],
    fix: 'run a pod of the Service on each node, or let nodes pass traffic on',
    command: patchCommand('service', facts.service, { spec: { internalTrafficPolicy: 'Cluster' } }),
  }))
}

/** One list, or none: of ready nodes without endpoints, if there are endpoints elsewhere. */
function emptyNodes(facts: ServiceFacts): readonly (readonly string[])[] {
  const endpoints = readyEndpoints(facts)
  const empty = facts.cluster.nodes
    .filter(isReadyNode)
    .map(({ metadata }) => metadata.name)
    .filter((name) => endpoints.every(({ nodeName }) => nodeName !== name))
  return endpoints.length === 0 || empty.length === 0 ? [] : [empty]
}

function whereEndpointsAre(facts: ServiceFacts): readonly string[] {
  const nodes = [...new Set(readyEndpoints(facts).map(({ nodeName }) => nodeName ?? 'no node'))]
  return [`ready endpoints are on ${nodes.join(', ')}`]
}
