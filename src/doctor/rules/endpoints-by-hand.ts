import { hasSelector } from '../../api/no-endpoints/index.ts'
import { inNamespace } from '../commands.ts'
import { readyEndpoints, textOf } from '../destinations.ts'
import type { Rule } from './rule.ts'

/** Endpoints against the selector: traffic goes to addresses of no selected pod, because somebody wrote them. */
export const endpointsByHand: Rule = (facts) => {
  const { service, selected } = facts
  if (!hasSelector(service) || service.spec.type === 'ExternalName') return []
  const own = new Set(selected.flatMap(({ status }) => [status?.podIP, ...(status?.podIPs ?? []).map(({ ip }) => ip)]))
  const foreign = readyEndpoints(facts).filter(({ address }) => !own.has(address))
  const [first] = foreign
  if (first === undefined) return []
  const slices = [...new Set(foreign.map(({ slice }) => slice))]
  return [{
    reason: 'EndpointsAgainstSelector',
    cause: `Part of the traffic goes to ${textOf(first)}, which is no pod that the selector matches: somebody wrote endpoints by hand`,
    evidence: foreign.slice(0, 3).map((endpoint) => `EndpointSlice ${endpoint.slice} has ${textOf(endpoint)}`),
    fix: 'delete what was written by hand, or take the selector away from the Service',
    command: `kubectl delete endpointslice ${slices.join(' ')}${inNamespace(service)}`,
  }]
}
