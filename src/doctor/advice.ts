import type { PodSpec } from '../api/kinds/pod.ts'
import { podNames } from '../api/no-endpoints/wording.ts'
import type { ServiceFacts } from './facts.ts'
import { isHeadless } from './destinations.ts'
import { fullName } from './rules/dns-disagrees.ts'

/** What clients do wrong, and no look at the cluster shows. Pure. */
export function adviceFor(facts: ServiceFacts): readonly string[] {
  const { type, ports = [] } = facts.service.spec
  const { name, namespace = 'default' } = facts.service.metadata
  const names = `the name is ${name} for pods in namespace ${namespace}, ${name}.${namespace} for other pods, ${fullName(facts)} in full`
  if (type === 'ExternalName' || isHeadless(facts.service)) return [names]
  const mapped = ports.filter(({ port, targetPort = port }) => targetPort !== port)
  return [
    names,
    ...mapped.map(({ port, targetPort = port }) => `clients connect to port ${port}; ${targetPort} is that of the pods`),
    'a cluster IP does not answer ping, and is there for pods and nodes only',
    ...withoutClusterDns(facts),
  ]
}

function withoutClusterDns({ service, cluster }: ServiceFacts): readonly string[] {
  const pods = cluster.pods.filter(({ metadata, spec }) => metadata.namespace === service.metadata.namespace && !asksClusterDns(spec))
  if (pods.length === 0) return []
  return [`pods ${podNames(pods)} do not ask cluster DNS (dnsPolicy Default): names of Services do not resolve there`]
}

/** On the network of the node, `ClusterFirst` means `Default`. */
export function asksClusterDns({ dnsPolicy = 'ClusterFirst', hostNetwork = false }: PodSpec): boolean {
  return dnsPolicy !== 'Default' && !(hostNetwork && dnsPolicy === 'ClusterFirst')
}
