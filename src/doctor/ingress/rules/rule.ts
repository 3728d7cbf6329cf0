import type { Finding } from '../../finding.ts'
import type { IngressFacts } from '../facts.ts'

/** What is wrong with one Ingress as far as the rule can tell. Pure. */
export type IngressRule = (facts: IngressFacts) => readonly Finding[]
