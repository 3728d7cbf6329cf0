import { routesOf } from '../facts.ts'
import { editCommand } from '../commands.ts'
import type { IngressRule } from './rule.ts'

/** A path that is written as a pattern, and is matched letter by letter. */
export const patternPath: IngressRule = (facts) => routesOf(facts)
  .filter(({ path }) => /[*(]/.test(path))
  .map(({ path, host }) => ({
    reason: 'PathIsNoPattern',
    cause: `The path ${path} looks like a pattern, but paths are matched as they are written: no request will have it`,
    evidence: [`a rule of ${host === '-' ? 'any host' : `host ${host}`} has the path ${path}`],
    fix: 'write the beginning of the path with pathType Prefix, which has all paths below it',
    command: editCommand(facts.ingress),
  }))
