import { isDNS1123Subdomain } from '../api/names.ts'
import { parseHostPort } from '../base/host-port.ts'
import { type ClusterConfig, hasEgress } from './config.ts'
import { UserError } from './user-error.ts'

/** Of the machine, and of nodes, which have none of their own. */
export const resolvConf = '/etc/resolv.conf'

/** How the cluster's name servers do their work. */
export interface DnsSettings {
  /**
   * Who is asked about names outside of the cluster: `address` or `address:port`, or the path of a resolv.conf of the node,
   * whose name servers are meant. None: such names fail at once.
   */
  readonly upstreams: readonly string[]
  /** Domains that others are asked about. */
  readonly stubDomains: readonly StubDomain[]
  readonly ttlSeconds: number
  /** Which pods have names, in the words of CoreDNS. */
  readonly podRecords: PodRecords
  readonly logQueries: boolean
}

export interface StubDomain {
  readonly domain: string
  readonly upstreams: readonly string[]
}

export type PodRecords = (typeof podRecordModes)[number]

export const podRecordModes = ['verified', 'insecure', 'disabled'] as const

/** Without upstreams, because a cluster has no way out. */
export const defaultDnsSettings: DnsSettings = {
  upstreams: [],
  stubDomains: [],
  ttlSeconds: 5,
  podRecords: 'verified',
  logQueries: false,
}

/** Those of a cluster. Where there is a way out, others are asked as the machine asks them, unless something else was chosen. */
export function dnsSettings(config: ClusterConfig): DnsSettings {
  return { ...defaultDnsSettings, ...(hasEgress(config) ? { upstreams: [resolvConf] } : {}), ...config.dns }
}

/** CoreDNS has the same bound. */
export const longestTtlSeconds = 3600
/** So that the longest names that objects can have still fit into the 253 characters of a DNS name. */
const longestDomain = 57

/** The text of an upstream as it is kept. Throws `UserError`. */
export function parseUpstream(flag: string, text: string): string {
  if (text.startsWith('/') || parseHostPort(text, 53) !== undefined) return text
  throw new UserError(`${flag} ${text} is no name server: give an IP address, with :PORT if it is not 53, or the path of a resolv.conf`)
}

/** `corp.example=192.0.2.53,192.0.2.54:5353`. Throws `UserError`. */
export function parseStubDomain(text: string): StubDomain {
  const [name = '', servers = '', ...rest] = text.split('=')
  const domain = name.toLowerCase().replace(/\.$/, '')
  const upstreams = servers.split(',')
  const isWhole = rest.length === 0 && isDNS1123Subdomain(domain).length === 0
  if (!isWhole || !upstreams.every((upstream) => parseHostPort(upstream, 53) !== undefined)) {
    throw new UserError(`--stub-domain ${text} is none: give DOMAIN=ADDRESS, such as corp.example=192.0.2.53 or corp.example=192.0.2.53:5353,192.0.2.54`)
  }
  return { domain, upstreams }
}

/** Throws `UserError`. */
export function parseClusterDomain(text: string): string {
  const domain = text.toLowerCase().replace(/\.$/, '')
  if (isDNS1123Subdomain(domain).length === 0 && domain.length <= longestDomain) return domain
  throw new UserError(`--cluster-domain ${text} is no domain: give labels of letters, digits and hyphens, such as cluster.local, at most ${longestDomain} characters`)
}

/** Throws `UserError` for a stub domain that the cluster answers for itself. */
export function checkStubDomains(stubDomains: readonly StubDomain[], clusterDomain: string): void {
  for (const { domain } of stubDomains) {
    if (domain !== clusterDomain && !domain.endsWith(`.${clusterDomain}`)) continue
    throw new UserError(`--stub-domain ${domain} is in the cluster's own domain ${clusterDomain}: nobody else is asked about names there`)
  }
}
