import { routesOf } from '../facts.ts'
import { editCommand } from '../commands.ts'
import type { IngressRule } from './rule.ts'

/** A path that is written as a pattern, or with elements that HAProxy refuses. */
export const pathNeverMatches: IngressRule = (facts) => routesOf(facts)
  .filter(({ path }) => /[*(]|(^|\/)\.\.?(\/|$)/.test(path))
  .map(({ path, host }) => ({
    reason: 'PathNeverMatches',
    cause: `No request has the path ${path}: paths are matched as they are written, without patterns, and those with . or .. as an element are refused`,
    evidence: [`a rule of ${host === '-' ? 'any host' : `host ${host}`} has the path ${path}`],
    fix: 'write the beginning of the path with pathType Prefix, which has all paths below it',
    command: editCommand(facts.ingress),
  }))
