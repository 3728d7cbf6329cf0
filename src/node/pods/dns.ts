import type { Pod } from '../../api/kinds/pod.ts'
import { isLoopback, type ResolvConf } from '../../base/resolv-conf.ts'

export interface ClusterDns {
  /** Address of the `kube-dns` Service. */
  readonly server: string
  /** `cluster.local` */
  readonly domain: string
  /** Whether names outside of the cluster can be asked for. */
  readonly forwards: boolean
}

/** Limits of the resolver (upstream's validation constants). */
const mostServers = 3
const mostSearches = 32
const longestSearches = 2048

/** What goes into a pod's resolv.conf, and what had to be left out because a resolver cannot take it. */
export interface PodDns {
  readonly config: ResolvConf
  readonly omitted: string | undefined
}

/**
 * Compiles `dnsPolicy` and `dnsConfig`; `node` is the node's own set-up
 * (https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy).
 */
export function podDns(pod: Pod, cluster: ClusterDns, node: ResolvConf): PodDns {
  const base = baseConfig(pod, cluster, node)
  const { nameservers = [], searches = [], options = [] } = pod.spec.dnsConfig ?? {}
  const whole = {
    servers: unique([...base.servers, ...nameservers]),
    searches: unique([...base.searches, ...searches]),
    options: mergeOptions(base.options, options.map(({ name = '', value }) => option(name, value))),
  }
  return fit(whole)
}

function baseConfig(pod: Pod, { server, domain, forwards }: ClusterDns, node: ResolvConf): ResolvConf {
  const namespace = pod.metadata.namespace ?? 'default'
  const ofCluster: ResolvConf = {
    servers: [server],
    // Nobody knows the node's domains where names are not passed on, and the failure would end the search of some resolvers.
    searches: [`${namespace}.svc.${domain}`, `svc.${domain}`, domain, ...(forwards ? node.searches : [])],
    options: ['ndots:5'],
  }
  switch (pod.spec.dnsPolicy ?? 'ClusterFirst') {
    case 'None':
      return { servers: [], searches: [], options: [] }
    case 'Default':
      return pod.spec.hostNetwork === true ? node : withoutLoopback(node, server)
    case 'ClusterFirstWithHostNet':
      return ofCluster
    default:
      // A pod in the node's network does as the node does, unless its policy says otherwise.
      return pod.spec.hostNetwork === true ? node : ofCluster
  }
}

/** What listens on the loopback of the machine is not on that of a pod; the cluster's server asks it. */
function withoutLoopback(node: ResolvConf, server: string): ResolvConf {
  return { ...node, servers: unique(node.servers.map((each) => (isLoopback(each) ? server : each))) }
}

function option(name: string, value: string | undefined): string {
  return value === undefined ? name : `${name}:${value}`
}

/** Later options replace earlier ones of the same name. */
function mergeOptions(before: readonly string[], after: readonly string[]): string[] {
  const byName = new Map([...before, ...after].map((text) => [text.split(':', 1)[0], text]))
  return [...byName.values()]
}

function fit({ servers, searches, options }: ResolvConf): PodDns {
  const fitting = searches.slice(0, mostSearches)
  while (fitting.join(' ').length > longestSearches) fitting.pop()
  const config = { servers: servers.slice(0, mostServers), searches: fitting, options }
  const problems = [
    servers.length > config.servers.length
      ? exceeded('Nameserver limits', 'nameservers', `nameserver line is: ${config.servers.join(' ')}`)
      : [],
    searches.length > fitting.length
      ? exceeded('Search Line limits', 'search paths', `search line is: ${fitting.join(' ')}`)
      : [],
  ].flat()
  return { config, omitted: problems.length === 0 ? undefined : problems.join('; ') }
}

function exceeded(limits: string, what: string, applied: string): string[] {
  return [`${limits} were exceeded, some ${what} have been omitted, the applied ${applied}`]
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)]
}
