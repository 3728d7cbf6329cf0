import { isIP } from 'node:net'
import { patchCommand } from '../commands.ts'
import type { ServiceFacts } from '../facts.ts'
import type { Rule } from './rule.ts'

/** An ExternalName that no place in the cluster can resolve. */
export const externalNameUnresolved: Rule = (facts) => {
  const { type, externalName = '' } = facts.service.spec
  if (type !== 'ExternalName' || isIP(externalName) !== 0) return []
  const failures = failedLookUps(facts)
  if (failures.length === 0) return []
  return [{
    reason: 'ExternalNameUnresolved',
    cause: `externalName ${externalName} does not resolve to an address`,
    evidence: failures,
    fix: 'give a name that exists; a name of this cluster must be complete, with its namespace and domain',
    command: patchCommand('service', facts.service, { spec: { externalName: 'NAME.EXAMPLE.COM' } }),
  }]
}

function failedLookUps({ service, cluster }: ServiceFacts): readonly string[] {
  const asked = cluster.views.flatMap(({ place, answers }) =>
    answers.names.filter(({ name }) => name === service.spec.externalName).map((answer) => ({ place, answer })),
  )
  if (asked.some(({ answer }) => answer.addresses.length > 0)) return []
  return asked.map(({ place, answer }) => `asked from ${place} for ${answer.name}: ${answer.error ?? 'no addresses'}`)
}
