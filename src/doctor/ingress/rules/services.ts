import type { Finding } from '../../finding.ts'
import { endpointsByHand } from '../../rules/endpoints-by-hand.ts'
import { externalNameUnresolved } from '../../rules/external-name-unresolved.ts'
import { loopbackOnly } from '../../rules/loopback-only.ts'
import { noEndpoints } from '../../rules/no-endpoints.ts'
import { noListener } from '../../rules/no-listener.ts'
import type { Rule } from '../../rules/rule.ts'
import { selectorlessWithoutEndpoints } from '../../rules/selectorless.ts'
import { wrongProtocol } from '../../rules/wrong-protocol.ts'
import { isServed } from '../facts.ts'
import type { IngressRule } from './rule.ts'

/** HAProxy sends requests straight to endpoints: what is wrong on the way by the cluster IP is none of its business. */
const concerning: readonly Rule[] = [externalNameUnresolved, selectorlessWithoutEndpoints, noEndpoints, endpointsByHand, wrongProtocol, loopbackOnly, noListener]

/** The Services behind an Ingress have reasons of their own not to answer. */
export const servicesBehind: IngressRule = (facts) => {
  if (!isServed(facts)) return []
  return [...facts.services].flatMap(([name, service]): Finding[] =>
    concerning.flatMap((rule) => rule(service)).map((finding) => ({ ...finding, cause: `Service ${name}: ${finding.cause}` })),
  )
}
