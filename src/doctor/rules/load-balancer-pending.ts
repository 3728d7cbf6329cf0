import { inNamespace } from '../commands.ts'
import type { ServiceFacts } from '../facts.ts'
import type { Rule } from './rule.ts'

/** No load balancer has given the Service an address: its class is nobody's, or it asks for what it cannot have. */
export const loadBalancerPending: Rule = (facts) => {
  const { spec, status, metadata } = facts.service
  if (spec.type !== 'LoadBalancer' || (status?.loadBalancer?.ingress ?? []).length > 0) return []
  const { loadBalancerClass } = spec
  const told = lastComplaint(facts)
  return [{
    reason: 'LoadBalancerPending',
    cause: loadBalancerClass === undefined
      ? 'The Service has no address of a load balancer yet'
      : `The Service waits for a load balancer of class ${loadBalancerClass}, which gives it no address`,
    evidence: [`status.loadBalancer.ingress: none`, ...(told === undefined ? [] : [told])],
    fix: loadBalancerClass === undefined
      ? 'see why in its Events'
      : 'run a load balancer of this class, or create the Service anew without loadBalancerClass, which cannot be changed',
    command: `kubectl describe service ${metadata.name}${inNamespace(facts.service)}`,
  }]
}

function lastComplaint({ service, cluster }: ServiceFacts): string | undefined {
  const own = cluster.events.filter(({ reason, involvedObject }) => reason === 'SyncLoadBalancerFailed' && involvedObject.uid === service.metadata.uid)
  return own.sort((a, b) => ((a.lastTimestamp ?? '') < (b.lastTimestamp ?? '') ? -1 : 1)).at(-1)?.message
}
