import type { Event } from '../../../api/kinds/event.ts'
import { editCommand } from '../commands.ts'
import type { IngressRule } from './rule.ts'

/** Problems that only whoever serves the Ingress finds, and tells in Events. */
const known = {
  NameNotResolved: {
    cause: 'A Service of type ExternalName leads to a name that is not resolved: requests get 503',
    fix: 'correct the externalName of the Service, or see who is asked about such names (docs/dns.md)',
  },
  RequestLoop: {
    cause: 'A Service leads back to the ingress itself: requests would go round and round, and get 503 where nothing else is left',
    fix: 'lead to the Service whose pods are to answer; see its EndpointSlices, or its externalName',
  },
  RefusedByHAProxy: {
    cause: 'HAProxy has refused what was made of the Ingress: a part of it is not served',
    fix: 'leave out what it names, and report the mistake: such an Ingress should have been refused before',
  },
} as const

/** Unless the Events say later that nothing is wrong any more. */
export function toldInEvents(told: keyof typeof known): IngressRule {
  return ({ ingress, cluster }) => {
    const last = cluster.events
      .filter(({ reason, involvedObject }) => [told, 'ProblemsSolved'].includes(reason ?? '') && involvedObject.uid === ingress.metadata.uid)
      .sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1))
      .at(-1)
    if (last?.reason !== told) return []
    return [{ reason: told, ...known[told], evidence: [last.message ?? ''], command: editCommand(ingress) }]
  }
}

function timeOf({ lastTimestamp, eventTime }: Event): string {
  return lastTimestamp ?? eventTime ?? ''
}
