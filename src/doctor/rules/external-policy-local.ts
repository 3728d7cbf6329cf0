import { patchCommand } from '../commands.ts'
import { emptyNodes, whereEndpointsAre } from '../nodes-without-endpoints.ts'
import type { Rule } from './rule.ts'

/** Clients from outside that ask a node without a pod are dropped. */
export const externalPolicyLocal: Rule = (facts) => {
  const { type, externalTrafficPolicy } = facts.service.spec
  // A load balancer asks nodes with pods only.
  if (type !== 'NodePort' || externalTrafficPolicy !== 'Local') return []
  return emptyNodes(facts).map((nodes) => ({
    reason: 'ExternalTrafficPolicyLocal',
    cause: `externalTrafficPolicy is Local, and ${nodes.join(', ')} ${nodes.length === 1 ? 'has' : 'have'} no ready pod of the Service: who asks there from outside gets no answer`,
    evidence: [...whereEndpointsAre(facts)],
    fix: `ask a node that has a pod, run a pod on each node, or let nodes pass traffic on, which hides the clients' addresses`,
    command: patchCommand('service', facts.service, { spec: { externalTrafficPolicy: 'Cluster' } }),
  }))
}
