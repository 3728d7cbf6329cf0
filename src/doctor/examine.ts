import type { Service } from '../api/kinds/service.ts'
import { diagnose } from './diagnose.ts'
import type { ServiceFacts } from './facts.ts'
import type { Diagnosis } from './finding.ts'
import { gather, type GatherDeps } from './gather/gather.ts'

/** What may be so for a moment only, while a change goes through the cluster. */
const passing: ReadonlySet<string> = new Set(['ProxyBehind', 'DnsDisagrees', 'LoadBalancerPending', 'NotReachable'])

export interface Examination {
  readonly facts: readonly ServiceFacts[]
  readonly diagnoses: readonly Diagnosis[]
}

/** Examines the chosen Services; twice, if what is found may be a change on its way. */
export async function examine(deps: GatherDeps, chosen: (service: Service) => boolean): Promise<Examination> {
  const first = await once(deps, chosen)
  const isPassing = first.diagnoses.some(({ findings }) => findings.some(({ reason }) => passing.has(reason)))
  return isPassing ? once(deps, chosen) : first
}

async function once(deps: GatherDeps, chosen: (service: Service) => boolean): Promise<Examination> {
  const facts = await gather(deps, chosen)
  return { facts, diagnoses: facts.map(diagnose) }
}
