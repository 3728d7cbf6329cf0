import { readFile } from 'node:fs/promises'
import { parseHostPort } from '../base/host-port.ts'
import type { Log } from '../base/log.ts'
import type { DnsSettings } from '../cluster/dns-settings.ts'
import { parseResolvConf } from '../node/pods/dns.ts'

/**
 * The addresses of name servers that are written as addresses or as the path of a resolv.conf. A file that cannot be read
 * is logged and has none; `own`, the address of the server that asks them, is left out: it would ask itself.
 */
export async function upstreamAddresses(upstreams: readonly string[], own: string, log: Log): Promise<readonly string[]> {
  const lists = await Promise.all(upstreams.map((upstream) => (upstream.startsWith('/') ? serversIn(upstream, log) : [upstream])))
  return lists.flat().filter((server) => {
    const isOwn = parseHostPort(server, 53)?.address === own
    if (isOwn) log.warn({ server }, 'this DNS server is its own upstream: left out')
    return !isOwn
  })
}

/** Who the cluster's name servers ask about a name outside of the cluster: for the longest of its domains that is one of theirs. */
export function upstreamsFor(name: string, { upstreams, stubDomains }: Pick<DnsSettings, 'upstreams' | 'stubDomains'>, log: Log): Promise<readonly string[]> {
  const bare = name.toLowerCase().replace(/\.$/, '')
  const [stub] = stubDomains
    .filter(({ domain }) => bare === domain || bare.endsWith(`.${domain}`))
    .sort((a, b) => b.domain.length - a.domain.length)
  return upstreamAddresses(stub?.upstreams ?? upstreams, '', log)
}

async function serversIn(file: string, log: Log): Promise<readonly string[]> {
  try {
    const { servers } = parseResolvConf(await readFile(file, 'utf8'))
    // What is no address there is passed over, as resolvers do.
    return servers.filter((server) => parseHostPort(server, 53) !== undefined)
  } catch (error) {
    log.error({ err: error, file }, 'name servers for names outside of the cluster cannot be read: there are none')
    return []
  }
}
