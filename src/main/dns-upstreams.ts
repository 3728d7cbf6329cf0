import { readFile } from 'node:fs/promises'
import { parseHostPort } from '../base/host-port.ts'
import type { Log } from '../base/log.ts'
import { isLoopback, parseResolvConf } from '../base/resolv-conf.ts'
import type { DnsSettings } from '../cluster/dns-settings.ts'
import { egressLink } from '../cluster/egress/egress-link.ts'
import { withMachineResolver } from './machine-resolver.ts'

interface Places {
  /** The address of the server that asks, which is left out: it would ask itself. */
  readonly own: string
  /**
   * Where it asks the name server that a resolv.conf has at 127.0.0.1, if that is another machine's loopback than its own.
   * Others there are out of reach then.
   */
  readonly forLocalhost?: string
}

/** Who the cluster's name servers ask about a name outside of the cluster: for the longest of its domains that is one of theirs. */
export function upstreamsFor(name: string, { upstreams, stubDomains }: Pick<DnsSettings, 'upstreams' | 'stubDomains'>, log: Log): Promise<readonly string[]> {
  const bare = name.toLowerCase().replace(/\.$/, '')
  const [stub] = stubDomains
    .filter(({ domain }) => bare === domain || bare.endsWith(`.${domain}`))
    .sort((a, b) => b.domain.length - a.domain.length)
  return nodeUpstreams(stub?.upstreams ?? upstreams, { own: '', forLocalhost: egressLink.gateway }, log)
}

/**
 * The addresses of name servers that are written as addresses or as the path of a resolv.conf. A file that cannot be read
 * is logged and has none.
 */
export async function upstreamAddresses(upstreams: readonly string[], places: Places, log: Log): Promise<readonly string[]> {
  const { own, forLocalhost } = places
  const lists = await Promise.all(
    upstreams.map(async (upstream) => {
      if (!upstream.startsWith('/')) return [upstream]
      const servers = await serversIn(upstream, log)
      return forLocalhost === undefined ? servers : fromElsewhere(servers, forLocalhost, log)
    }),
  )
  return [...new Set(lists.flat())].filter((server) => {
    const isOwn = parseHostPort(server, 53)?.address === own
    if (isOwn) log.warn({ server }, 'this DNS server is its own upstream: left out')
    return !isOwn
  })
}

/** The same for a node of a cluster, or the edge: the machine's own resolv.conf may name a server that only the machine reaches. */
export async function nodeUpstreams(upstreams: readonly string[], places: Places, log: Log): Promise<readonly string[]> {
  return upstreamAddresses(await withMachineResolver(upstreams), places, log)
}

function fromElsewhere(servers: readonly string[], forLocalhost: string, log: Log): readonly string[] {
  return servers.flatMap((server) => {
    if (server === '127.0.0.1') return [forLocalhost]
    if (!isLoopback(server)) return [server]
    log.warn({ server }, 'this name server on the machine’s loopback is out of reach: left out')
    return []
  })
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
