import { contains, parseCidr, parseIPv4 } from '../../base/ip.ts'
import { patchCommand } from '../commands.ts'
import type { Rule } from './rule.ts'

/** The load balancer lets in certain clients only, and the external client is not one of them. */
export const sourceRanges: Rule = ({ service, cluster }) => {
  const { type, loadBalancerSourceRanges = [] } = service.spec
  const { address } = cluster.surroundings.outside
  if (type !== 'LoadBalancer' || loadBalancerSourceRanges.length === 0) return []
  const client = parseIPv4(address) ?? 0
  const ranges = loadBalancerSourceRanges.flatMap((text) => parseCidr(text.trim()) ?? [])
  if (ranges.some((range) => contains(range, client))) return []
  return [{
    reason: 'SourceRangesExcludeClient',
    cause: `loadBalancerSourceRanges ${loadBalancerSourceRanges.join(', ')} does not contain the external client ${address}: its connections are dropped`,
    evidence: [`spec.loadBalancerSourceRanges: ${loadBalancerSourceRanges.join(', ')}`],
    fix: 'add the range of the clients',
    command: patchCommand('service', service, { spec: { loadBalancerSourceRanges: [...loadBalancerSourceRanges, `${address}/32`] } }),
  }]
}
