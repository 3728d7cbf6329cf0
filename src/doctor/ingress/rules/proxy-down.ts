import { answersOf, describeAnswer, urlOf } from '../requests.ts'
import type { IngressRule } from './rule.ts'

/** Nobody takes requests at the address of Ingresses. */
export const proxyDown: IngressRule = (facts) => {
  const answers = answersOf(facts)
  if (answers.length === 0 || answers.some(({ answer }) => answer.isConnected)) return []
  const { ingressAddress } = facts.cluster.surroundings
  return [{
    reason: 'IngressProxyDown',
    cause: `HAProxy does not run: nobody takes connections at ${ingressAddress}`,
    evidence: answers.slice(0, 3).map(({ request, answer }) => `GET ${urlOf(request)} from outside: ${describeAnswer(answer)}`),
    fix: 'see whether the edge runs, which keeps HAProxy running',
    command: './portolan status',
  }]
}
