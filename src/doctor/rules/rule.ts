import type { ServiceFacts } from '../facts.ts'
import type { Finding } from '../finding.ts'

/** What is wrong with one Service as far as the rule can tell. Pure. */
export type Rule = (facts: ServiceFacts) => readonly Finding[]
