import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { forwarder } from './forwarder.ts'
import type { RecordOptions } from './records.ts'
import { resolver } from './resolver.ts'
import { serveDns, type DnsServer, type ListenOptions } from './server.ts'
import { LiveZone, type ZoneCaches } from './zone.ts'

export interface ClusterDnsOptions extends RecordOptions, ListenOptions {
  /** Name servers for names outside of the cluster, `address` or `address:port`; none makes such names fail at once. */
  readonly upstreams: readonly string[]
}

export interface ClusterDnsDeps extends ZoneCaches {
  readonly clock: Clock
  readonly log: Log
}

/**
 * The cluster's name server: answers for the cluster domain from the caches, passes the rest on. The address must
 * be one of this network namespace. Until the caches are synced, names of the cluster get SERVFAIL.
 */
export async function startClusterDns(options: ClusterDnsOptions, deps: ClusterDnsDeps): Promise<DnsServer> {
  const zone = new LiveZone(deps)
  const resolve = resolver({ zone, forwarder: forwarder(options.upstreams, deps.clock), options })
  try {
    const server = await serveDns(resolve, options, deps.log)
    return {
      port: server.port,
      async close() {
        zone.close()
        await server.close()
      },
    }
  } catch (error) {
    zone.close()
    throw error
  }
}
