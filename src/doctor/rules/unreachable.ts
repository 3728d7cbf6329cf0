import { inNamespace } from '../commands.ts'
import { failures } from '../attempts.ts'
import { textOf } from '../destinations.ts'
import type { Rule } from './rule.ts'

/** A connection that should be made is not, for whatever reason: what is left when no other rule knows one. */
export const unreachable: Rule = (facts) => {
  const failed = failures(facts)
  const [first] = failed
  if (first === undefined) return []
  return [{
    reason: 'NotReachable',
    cause: `A connection from ${first.place} to ${textOf(first)} ${first.outcome === 'timeout' ? 'gets no answer' : `is ${first.outcome}`}`,
    evidence: failed.slice(0, 5).map(({ place, outcome, ...to }) => `from ${place} to ${textOf(to)}: ${outcome}`),
    fix: 'see whether the program in the pods answers, and whether something filters its packets',
    command: `kubectl logs service/${facts.service.metadata.name}${inNamespace(facts.service)}`,
  }]
}
