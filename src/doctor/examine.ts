import { diagnose, diagnoseNodes } from './diagnose.ts'
import type { Diagnosis } from './finding.ts'
import { gather, type Chosen, type Facts, type GatherDeps } from './gather/gather.ts'
import type { Objects } from './gather/objects.ts'
import { diagnoseIngress } from './ingress/diagnose-ingress.ts'
import type { IngressReading } from './ingress/reading.ts'

/** What may be so for a moment only, while a change goes through the cluster. */
const passing: ReadonlySet<string> = new Set([
  'ProxyBehind',
  'DnsDisagrees',
  'LoadBalancerPending',
  'NotReachable',
  'IngressProxyDown',
  'IngressProxyBehind',
  'IngressWithoutAddress',
  'RequestFails',
])

export type Choose = (objects: Objects, reading: IngressReading) => Chosen

export interface Examination {
  readonly objects: Objects
  readonly nodes: Diagnosis
  readonly services: readonly Diagnosis[]
  readonly ingresses: readonly Diagnosis[]
}

/** Examines what is chosen; twice, if what is found may be a change on its way. */
export async function examine(deps: GatherDeps, choose: Choose): Promise<Examination> {
  const first = judge(await gather(deps, choose))
  const all = [...first.services, ...first.ingresses]
  const isPassing = all.some(({ findings }) => findings.some(({ reason }) => passing.has(reason)))
  return isPassing ? judge(await gather(deps, choose)) : first
}

function judge({ objects, cluster, services, ingresses }: Facts): Examination {
  return { objects, nodes: diagnoseNodes(cluster), services: services.map(diagnose), ingresses: ingresses.map(diagnoseIngress) }
}
