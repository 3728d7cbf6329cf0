import type { Request, RequestAnswer } from '../reach/questions.ts'
import { routesOf, type IngressFacts } from './facts.ts'
import type { IngressCertificate, IngressRoute } from './reading.ts'

/** Of an Ingress with more rules than that, not all are tried. */
const maxRequests = 60

/** A request that a rule serves. */
export interface RuleRequest {
  readonly route: IngressRoute
  readonly request: Request
  /** What is to be shown; only with HTTPS. */
  readonly certificate?: IngressCertificate
}

export interface AnsweredRequest extends RuleRequest {
  readonly answer: RequestAnswer
}

type Served = Pick<IngressFacts, 'ingress' | 'reading' | 'cluster'>

/** One for each rule, and another by HTTPS for hosts that have a certificate. */
export function requestsOf(facts: Served): readonly RuleRequest[] {
  const { reading, cluster, ingress } = facts
  const { ingressAddress: address } = cluster.surroundings
  const certificates = reading.certificates.filter((each) => each.ingress.metadata.uid === ingress.metadata.uid)
  const all = routesOf(facts).flatMap((route): RuleRequest[] => {
    const host = hostFor(route.host, address)
    const certificate = certificates.find(({ hosts }) => hosts.includes(route.host))
    const request = { address, host, path: pathFor(route) }
    const plain = { route, request: { ...request, scheme: 'http' as const, port: 80 } }
    return certificate === undefined ? [plain] : [plain, { route, certificate, request: { ...request, scheme: 'https' as const, port: 443 } }]
  })
  return all.slice(0, maxRequests)
}

/** What came of them, from outside. */
export function answersOf(facts: Served): readonly AnsweredRequest[] {
  const answers = facts.cluster.views.flatMap((view) => view.answers.requests)
  return requestsOf(facts).flatMap((each) => {
    const answer = answers.find((candidate) => urlOf(candidate) === urlOf(each.request))
    return answer === undefined ? [] : [{ ...each, answer }]
  })
}

/** `http://kubia.example.com/` */
export function urlOf({ scheme, host, path }: Request): string {
  return `${scheme}://${host}${path}`
}

/** Whether HAProxy itself has answered, because no pod did. */
export function isOwnAnswer({ body = '' }: RequestAnswer): boolean {
  return body.startsWith('portolan: ')
}

/** What was answered, for people: `200`, `503 (portolan: no pod took the request)`, `ECONNREFUSED`. */
export function describeAnswer(answer: RequestAnswer): string {
  const { status, body = '', error = 'no answer' } = answer
  if (status === undefined) return error
  return isOwnAnswer(answer) ? `${status} (${body.trim()})` : String(status)
}

/** A host that a wildcard stands for; for rules without a host, what no rule names. */
function hostFor(host: string, address: string): string {
  return host === '-' ? address : host.replace(/^\*/, 'portolan-doctor')
}

function pathFor({ match, path }: IngressRoute): string {
  if (match === 'default') return '/portolan-doctor'
  return path === '' ? '/' : path
}
