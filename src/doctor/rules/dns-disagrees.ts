import { readyEndpoints, isHeadless } from '../destinations.ts'
import type { ServiceFacts } from '../facts.ts'
import type { Rule } from './rule.ts'

/** What cluster DNS answers for the name of the Service is not what the API has. */
export const dnsDisagrees: Rule = (facts) => {
  const { service, cluster } = facts
  if (service.spec.type === 'ExternalName') return []
  const wanted = isHeadless(service) ? podAddresses(facts) : [service.spec.clusterIP ?? '']
  return cluster.views.flatMap(({ place, answers }) =>
    answers.names
      .filter(({ name, addresses }) => name === fullName(facts) && addresses.join() !== wanted.join())
      .map(({ name, addresses, error }) => ({
        reason: 'DnsDisagrees',
        cause: `Cluster DNS, asked from ${place}, does not answer ${name} with what the API has`,
        evidence: [`API: ${wanted.join(', ') || 'no address'}`, `DNS: ${addresses.join(', ') || (error ?? 'no address')}`],
        fix: 'see whether the agents run: each answers DNS on its node',
        command: './portolan status',
      })),
  )
}

export function fullName({ service, cluster }: Pick<ServiceFacts, 'service' | 'cluster'>): string {
  return `${service.metadata.name}.${service.metadata.namespace ?? 'default'}.svc.${cluster.surroundings.domain}`
}

function podAddresses({ service, slices }: ServiceFacts): readonly string[] {
  // Without ports an endpoint has an address all the same.
  const bare = slices.flatMap(({ endpoints }) => endpoints.filter(({ conditions }) => conditions?.ready !== false).map(({ addresses }) => addresses[0] ?? ''))
  const found = (service.spec.ports ?? []).length === 0 ? bare : readyEndpoints({ service, slices }).map(({ address }) => address)
  return [...new Set(found)].sort()
}
