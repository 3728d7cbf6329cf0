import { readyEndpoints, textOf } from '../destinations.ts'
import type { Check } from '../finding.ts'
import { isServed, type IngressFacts } from './facts.ts'
import { answersOf, describeAnswer, urlOf } from './requests.ts'
import { isFailure } from './rules/request-fails.ts'

/** Everything that was looked at, in the order in which one would look by hand. Pure. */
export function ingressChecklist(facts: IngressFacts): readonly Check[] {
  const { ingress, services } = facts
  const { ingressClassName = 'none' } = ingress.spec
  if (!isServed(facts)) return [{ outcome: 'failed', text: `class ${ingressClassName} is not served by this cluster` }]
  return [
    { outcome: 'passed', text: `class ${ingressClassName} is served by this cluster` },
    addressCheck(facts),
    ...[...services].map(([name, service]): Check => {
      const found = readyEndpoints(service).map(textOf)
      if (service.service.spec.type === 'ExternalName') return { outcome: 'skipped', text: `Service ${name} is another name of ${service.service.spec.externalName ?? ''}` }
      if (found.length === 0) return { outcome: 'failed', text: `Service ${name} has no ready endpoint` }
      return { outcome: 'passed', text: `Service ${name} has ready endpoints: ${found.slice(0, 4).join(', ')}${found.length > 4 ? ` and ${found.length - 4} more` : ''}` }
    }),
    ...certificateChecks(facts),
    ...requestChecks(facts),
  ]
}

function addressCheck({ ingress }: IngressFacts): Check {
  const addresses = (ingress.status?.loadBalancer?.ingress ?? []).map(({ ip, hostname = '' }) => ip ?? hostname)
  if (addresses.length === 0) return { outcome: 'failed', text: 'no address' }
  return { outcome: 'passed', text: `reached at ${addresses.join(', ')}` }
}

function certificateChecks({ ingress, reading, cluster }: IngressFacts): readonly Check[] {
  return reading.certificates.filter((each) => each.ingress.metadata.uid === ingress.metadata.uid).map(({ secretName, hosts, validFrom, validTo }) => {
    const isValid = cluster.now >= validFrom && cluster.now <= validTo
    return { outcome: isValid ? 'passed' : 'failed', text: `the certificate in Secret ${secretName}, for ${hosts.join(', ')}, is valid to ${validTo.toISOString()}` }
  })
}

function requestChecks(facts: IngressFacts): readonly Check[] {
  const answers = answersOf(facts)
  if (answers.length === 0) return [{ outcome: 'failed', text: 'no rule of the Ingress is served' }]
  return answers.map((each) => ({
    outcome: isFailure(each) ? 'failed' : 'passed',
    text: `GET ${urlOf(each.request)} from outside: ${describeAnswer(each.answer)}${each.certificate === undefined ? '' : `, with the certificate in Secret ${each.certificate.secretName}`}`,
  }))
}
