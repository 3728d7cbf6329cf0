import { inNamespace } from '../../commands.ts'
import { answersOf, describeAnswer, isOwnAnswer, urlOf, type AnsweredRequest } from '../requests.ts'
import type { IngressRule } from './rule.ts'

/** A request that should be answered by a pod is not: what is left when no other rule knows a reason. */
export const requestFails: IngressRule = (facts) => {
  const failed = answersOf(facts).filter(isFailure)
  const [first] = failed
  if (first === undefined) return []
  return [{
    reason: 'RequestFails',
    cause: `GET ${urlOf(first.request)} from outside is not answered by a pod: ${describeAnswer(first.answer)}`,
    evidence: failed.slice(0, 5).map(({ request, answer }) => `GET ${urlOf(request)}: ${describeAnswer(answer)}`),
    fix: first.answer.status === undefined
      ? 'see whether the program in the pods answers in time; if no Ingress gets an answer, whether HAProxy is held up: ./portolan status'
      : 'see whether the program in the pods speaks HTTP on that port; for HTTPS, HTTP/2 or gRPC there is the annotation portolan.dev/backend-protocol',
    command: `kubectl logs service/${first.route.backend.service?.name ?? 'NAME'}${inNamespace(facts.ingress)}`,
  }]
}

/** Whatever a pod says is its own affair, and so are redirects, passwords and limits that the Ingress asks for. */
export function isFailure({ answer }: AnsweredRequest): boolean {
  if (answer.status === undefined) return true
  return isOwnAnswer(answer) && (answer.status >= 500 || answer.status === 404 || answer.status === 400)
}
