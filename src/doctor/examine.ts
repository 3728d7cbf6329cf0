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

/** As long as a change may take to go through the cluster. */
const patienceMs = 1_500
/** No look is begun that would last until after this: where nobody answers one takes more than a second, and has waited for a change in that. */
const longestMs = 2_000

/** Examines what is chosen, and again for a moment if what is found may be a change on its way. */
export async function examine(deps: GatherDeps, choose: Choose): Promise<Examination> {
  const started = deps.clock.monotonicMs()
  for (;;) {
    const began = deps.clock.monotonicMs()
    const found = judge(await gather(deps, choose))
    const now = deps.clock.monotonicMs()
    if (!mayPass(found) || now - started > patienceMs || now - started + (now - began) > longestMs) return found
  }
}

function mayPass({ services, ingresses }: Examination): boolean {
  return [...services, ...ingresses].some(({ findings }) => findings.some(({ reason }) => passing.has(reason)))
}

function judge({ objects, cluster, services, ingresses }: Facts): Examination {
  return { objects, nodes: diagnoseNodes(cluster), services: services.map(diagnose), ingresses: ingresses.map(diagnoseIngress) }
}
