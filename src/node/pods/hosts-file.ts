import type { Pod } from '../../api/kinds/pod.ts'
import { domainOf, hostnameOf } from './hostname.ts'

/** Kubernetes' own words: programs look for them to know a file that is written for them. */
const header = '# Kubernetes-managed hosts file.'
const hostNetworkHeader = '# Kubernetes-managed hosts file (host network).'
const aliasesHeader = '# Entries added by HostAliases.'

const ownHosts = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'fe00::0\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
]

/**
 * The pod's `/etc/hosts`, as the kubelet writes it. `nodeHosts` is the node's own file, which a pod in the node's network
 * gets. Changes that a container makes are lost when it starts again.
 */
export function hostsFileContent(pod: Pod, podIP: string, clusterDomain: string, nodeHosts: string): string {
  const aliases = (pod.spec.hostAliases ?? []).map(({ ip, hostnames = [] }) => [ip, ...hostnames].join('\t'))
  const own =
    pod.spec.hostNetwork === true
      ? [hostNetworkHeader, nodeHosts.trimEnd()]
      : [header, ...ownHosts, ownName(pod, podIP, clusterDomain)]
  const extra = aliases.length === 0 ? [] : ['', aliasesHeader, ...aliases]
  return `${[...own, ...extra].join('\n')}\n`
}

function ownName(pod: Pod, podIP: string, clusterDomain: string): string {
  const hostname = hostnameOf(pod)
  const domain = domainOf(pod, clusterDomain)
  return [podIP, ...(domain === undefined ? [] : [`${hostname}.${domain}`]), hostname].join('\t')
}
