import { adviceFor } from './advice.ts'
import { checklist } from './checklist.ts'
import type { ClusterFacts, ServiceFacts } from './facts.ts'
import type { Check, Diagnosis } from './finding.ts'
import { farNodes } from './nodes.ts'
import { dnsDisagrees } from './rules/dns-disagrees.ts'
import { endpointsByHand } from './rules/endpoints-by-hand.ts'
import { externalNameIsAddress } from './rules/external-name-is-address.ts'
import { externalNameUnresolved } from './rules/external-name-unresolved.ts'
import { externalPolicyLocal } from './rules/external-policy-local.ts'
import { headlessPortMapping } from './rules/headless-port-mapping.ts'
import { internalPolicyLocal } from './rules/internal-policy-local.ts'
import { loadBalancerPending } from './rules/load-balancer-pending.ts'
import { loopbackOnly } from './rules/loopback-only.ts'
import { noEndpoints } from './rules/no-endpoints.ts'
import { noListener } from './rules/no-listener.ts'
import { nodesNotReady } from './rules/node-not-ready.ts'
import { proxyBehind } from './rules/proxy-behind.ts'
import type { Rule } from './rules/rule.ts'
import { selectorlessWithoutEndpoints } from './rules/selectorless.ts'
import { sourceRanges } from './rules/source-ranges.ts'
import { unreachable } from './rules/unreachable.ts'
import { wrongProtocol } from './rules/wrong-protocol.ts'

/** The likeliest first: what explains most of what else is seen. And the reasons that each rule may tell. */
export const serviceRules: readonly { readonly tells: readonly string[]; readonly rule: Rule }[] = [
  { tells: ['ExternalNameIsAddress'], rule: externalNameIsAddress },
  { tells: ['ExternalNameUnresolved'], rule: externalNameUnresolved },
  { tells: ['NoSelectorNoEndpoints', 'EndpointPortsDiffer'], rule: selectorlessWithoutEndpoints },
  {
    tells: [
      'SelectorMatchesNoPods',
      'PodsCompleted',
      'PodsTerminating',
      'TargetPortNotDefined',
      'PodsUnscheduled',
      'NodesNotReady',
      'ImageNotPulled',
      'ContainersCrash',
      'ContainersWait',
      'PodsNotReady',
    ],
    rule: noEndpoints,
  },
  { tells: ['EndpointsAgainstSelector'], rule: endpointsByHand },
  { tells: ['HeadlessPortMapping'], rule: headlessPortMapping },
  { tells: ['WrongProtocol'], rule: wrongProtocol },
  { tells: ['ListensOnLoopbackOnly'], rule: loopbackOnly },
  { tells: ['TargetPortWithoutListener'], rule: noListener },
  { tells: ['LoadBalancerPending'], rule: loadBalancerPending },
  { tells: ['SourceRangesExcludeClient'], rule: sourceRanges },
  { tells: ['ExternalTrafficPolicyLocal'], rule: externalPolicyLocal },
  { tells: ['InternalTrafficPolicyLocal'], rule: internalPolicyLocal },
  { tells: ['ProxyBehind'], rule: proxyBehind },
  { tells: ['DnsDisagrees'], rule: dnsDisagrees },
  { tells: ['NodeNotReady'], rule: ({ cluster }) => nodesNotReady(cluster) },
]

/** Pure. */
export function diagnose(facts: ServiceFacts): Diagnosis {
  const { namespace, name } = facts.service.metadata
  const known = serviceRules.flatMap(({ rule }) => rule(facts))
  const found = known.length === 0 ? unreachable(facts) : known
  return { subject: `service/${name} in namespace ${namespace}`, checks: checklist(facts), advice: adviceFor(facts), findings: found }
}

/** What concerns no Service in particular. */
export function diagnoseNodes(cluster: ClusterFacts): Diagnosis {
  const { nodes } = cluster
  const findings = nodesNotReady(cluster)
  const off = findings.length
  const text = `${nodes.length - off} of ${nodes.length} nodes are ready`
  const far = farNodes(cluster).map((name): Check => ({ outcome: 'skipped', text: `${name} is another machine: only what the API tells of it was looked at` }))
  return { subject: 'nodes', checks: [{ outcome: off === 0 ? 'passed' : 'failed', text }, ...far], advice: [], findings }
}
