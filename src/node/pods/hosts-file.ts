import type { Pod } from '../../api/kinds/pod.ts'
import { domainOf, hostnameOf } from './hostname.ts'

const header = '# Written by the Portolan agent for this pod; changes are lost when a container starts.\n'

const ownHosts = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'fe00::\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
]

/** The pod's `/etc/hosts`. `nodeHosts` is the node's own file, which a pod in the node's network gets. */
export function hostsFileContent(pod: Pod, podIP: string, clusterDomain: string, nodeHosts: string): string {
  const aliases = (pod.spec.hostAliases ?? []).map(({ ip, hostnames = [] }) => [ip, ...hostnames].join('\t'))
  const own = pod.spec.hostNetwork === true ? [nodeHosts.trimEnd()] : [...ownHosts, ownName(pod, podIP, clusterDomain)]
  const extra = aliases.length === 0 ? [] : ['', '# From spec.hostAliases.', ...aliases]
  return `${header}${[...own, ...extra].join('\n')}\n`
}

function ownName(pod: Pod, podIP: string, clusterDomain: string): string {
  const hostname = hostnameOf(pod)
  const domain = domainOf(pod, clusterDomain)
  return [podIP, ...(domain === undefined ? [] : [`${hostname}.${domain}`]), hostname].join('\t')
}
