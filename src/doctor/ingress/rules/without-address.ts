import { inNamespace } from '../../commands.ts'
import { isServed } from '../facts.ts'
import type { IngressRule } from './rule.ts'

/** The Ingress is to be served, and does not say where. */
export const withoutAddress: IngressRule = (facts) => {
  const { ingress } = facts
  if (!isServed(facts) || (ingress.status?.loadBalancer?.ingress ?? []).length > 0) return []
  return [{
    reason: 'IngressWithoutAddress',
    cause: 'The Ingress has no address yet: the edge has not said that it is served',
    evidence: ['status.loadBalancer.ingress: none'],
    fix: 'see whether the edge runs, and what its Events say',
    command: `kubectl describe ingress ${ingress.metadata.name}${inNamespace(ingress)}`,
  }]
}
