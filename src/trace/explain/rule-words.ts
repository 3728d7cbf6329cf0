import type { Applied } from './applied.ts'
import { balancerWords } from './balancer-words.ts'
import { proxyWords } from './proxy-words.ts'

/** What a rule did to a packet; nothing of what only leads from one rule to the next. */
export function ruleWords(applied: Applied): readonly string[] {
  const { match } = applied
  switch (match.table) {
    case 'portolan-proxy':
      return proxyWords(applied)
    case 'portolan-load-balancer':
      return balancerWords(applied)
    default:
      return [`table ${match.table}, chain ${match.chain}: ${match.rule} (${match.verdict})`]
  }
}
