import { editCommand } from '../commands.ts'
import { answersOf, describeAnswer, isOwnAnswer, urlOf } from '../requests.ts'
import type { IngressRule } from './rule.ts'

const annotation = 'portolan.dev/allow-source-ranges'

/** The Ingress lets in certain clients only, and the external client is not one of them. */
export const addressNotAllowed: IngressRule = (facts) => {
  const refused = answersOf(facts).filter(({ answer }) => answer.status === 403 && isOwnAnswer(answer))
  const [first] = refused
  if (first === undefined) return []
  const { metadata } = facts.ingress
  const { address } = facts.cluster.surroundings.outside
  return [{
    reason: 'AddressNotAllowed',
    cause: `The annotation ${annotation} does not contain the external client ${address}: it gets 403`,
    evidence: [`${annotation}: ${metadata.annotations?.[annotation] ?? ''}`, `GET ${urlOf(first.request)} from outside: ${describeAnswer(first.answer)}`],
    fix: 'add the range of the clients',
    command: editCommand(facts.ingress),
  }]
}
