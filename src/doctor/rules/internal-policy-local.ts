import { patchCommand } from '../commands.ts'
import { emptyNodes, whereEndpointsAre } from '../nodes-without-endpoints.ts'
import type { Rule } from './rule.ts'

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
