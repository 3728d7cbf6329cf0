import { readyEndpoints } from '../../destinations.ts'
import { portOf } from '../backend-ports.ts'
import type { IngressFacts } from '../facts.ts'
import { answersOf, describeAnswer, isOwnAnswer, urlOf, type AnsweredRequest } from '../requests.ts'
import type { IngressRule } from './rule.ts'
import { toldInEvents } from './told-in-events.ts'

const leadsBack = toldInEvents('RequestLoop')

/** HAProxy does otherwise than the API says: it has not been told of the last changes. */
export const ingressProxyBehind: IngressRule = (facts) => {
  // Then endpoints are left out on purpose.
  if (leadsBack(facts).length > 0) return []
  const differing = answersOf(facts).flatMap((each) => {
    const expected = difference(each, facts)
    return expected === undefined ? [] : [{ ...each, expected }]
  })
  const [first] = differing
  if (first === undefined) return []
  return [{
    reason: 'IngressProxyBehind',
    cause: `HAProxy does not do what the API says of ${urlOf(first.request)}`,
    evidence: differing.slice(0, 3).flatMap(({ request, answer, expected }) => [`API: ${expected}`, `GET ${urlOf(request)} from outside: ${describeAnswer(answer)}`]),
    fix: 'see what the edge is busy with, and whether it runs: it tells HAProxy of changes',
    command: './portolan status',
  }]
}

/** What the API has and the answer denies. */
function difference({ route, certificate, answer }: AnsweredRequest, { services }: IngressFacts): string | undefined {
  const { service } = route.backend
  if (answer.status === 404 && isOwnAnswer(answer)) return `the rule leads to Service ${service?.name ?? ''}`
  if (certificate !== undefined && answer.fingerprint !== undefined && answer.fingerprint !== certificate.fingerprint) {
    return `the certificate in Secret ${certificate.secretName} is to be shown, SHA-256 ${certificate.fingerprint}; shown is ${answer.fingerprint}`
  }
  const facts = services.get(service?.name ?? '')
  const isNobody = answer.status === 503 && isOwnAnswer(answer) && answer.body?.includes('no ready endpoint') === true
  const port = facts === undefined ? undefined : portOf(facts.service, service?.port ?? {})
  if (!isNobody || facts === undefined || readyEndpoints(facts).every(({ servicePort }) => servicePort !== port)) return undefined
  return `Service ${service?.name ?? ''} has ready endpoints`
}
