import { isIPv6 } from 'node:net'
import type { Node } from '../../api/kinds/node.ts'
import type { Clock } from '../../base/clock.ts'
import { formatHostPort } from '../../base/host-port.ts'
import type { Log } from '../../base/log.ts'
import type { MetricRegistry } from '../../base/metrics.ts'
import type { Cache } from '../../client/cache.ts'
import type { RecordOptions } from './answer.ts'
import { clientFilter, hostRange, nodesFilter } from './client-filter.ts'
import { EncodedAnswers } from './encoded-answers.ts'
import { ForwardMetrics } from './forward/forward-metrics.ts'
import { forwarder, type ForwardOptions } from './forward/forwarder.ts'
import { LiveZone, type ZoneCaches } from './live-zone.ts'
import { queryLog } from './query-log.ts'
import { resolver } from './resolver.ts'
import { serveDns } from './server.ts'
import { DnsSockets, type ListenOptions } from './sockets.ts'
import { TrafficMetrics } from './traffic-metrics.ts'

export interface ClusterDnsOptions extends RecordOptions, ListenOptions, ForwardOptions {
  /** Ranges of those who get answers, beside this machine's loopback: pods and nodes. */
  readonly clients: readonly string[]
  readonly logQueries: boolean
}

export interface ClusterDnsDeps extends ZoneCaches {
  /** Where it is given, Nodes and their pods get answers as well. */
  readonly nodes?: Cache<Node>
  /** Opened already, on the address and port of the options; they are closed with the server. */
  readonly sockets?: DnsSockets
  readonly metrics: MetricRegistry
  readonly clock: Clock
  readonly random?: () => number
  readonly log: Log
}

export interface ClusterDns {
  readonly port: number
  close(): Promise<void>
  /** Whether names of the cluster are answered. */
  isReady(): boolean
  /** Resolves when they are. */
  readonly ready: Promise<void>
}

/** Askers wait so long for a server that has just begun, which is kinder than a failure that they would tell their users. */
const patienceMs = 2_000

/**
 * The cluster's name server: answers for the cluster domain from the caches, passes the rest on. The address must
 * be one of this network namespace. Where the caches are not synced in time, names of the cluster get SERVFAIL.
 */
export async function startClusterDns(options: ClusterDnsOptions, deps: ClusterDnsDeps): Promise<ClusterDns> {
  const { clock, log, metrics, random = Math.random } = deps
  const server = `dns://${formatHostPort(options)}`
  const forward = forwarder(options, { clock, metrics: new ForwardMetrics(metrics, server) })
  const ranges = [...options.clients, hostRange(options.address)]
  const filter = deps.nodes === undefined ? { admits: clientFilter(ranges), close() {} } : nodesFilter(ranges, deps.nodes)
  const sockets = deps.sockets ?? (await DnsSockets.open(options))
  if (sockets.unbatched !== undefined) log.info({ reason: sockets.unbatched }, 'DNS takes packets one by one, not in batches')
  const zone = new LiveZone(deps)
  const encoded = new EncodedAnswers(zone)
  addZoneMetrics(metrics, zone, encoded)
  const ready = untilSynced(deps)
  serveDns(
    {
      resolve: resolver({ zone, forwarder: forward, options, encoded, patience: patienceFor(ready, clock), random }),
      admits: filter.admits,
      metrics: new TrafficMetrics(metrics, { server, clusterDomain: options.clusterDomain, family: isIPv6(options.address) ? 6 : 4 }),
      ...(options.logQueries ? { logQuery: queryLog(log) } : {}),
      clock,
      log,
    },
    sockets,
  )
  return {
    port: sockets.port,
    ready,
    isReady: () => zone.synced && zone.podsSynced,
    async close() {
      for (const part of [zone, forward, filter]) part.close()
      await sockets.close()
    },
  }
}

async function untilSynced({ services, slices, namespaces, pods }: ZoneCaches): Promise<void> {
  await Promise.all([services.synced, slices.synced, namespaces?.synced, pods?.synced])
}

function patienceFor(ready: Promise<void>, clock: Clock): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = clock.after(patienceMs, resolve)
  void ready.then(() => {
    cancel()
    resolve()
  })
  return promise
}

function addZoneMetrics(metrics: MetricRegistry, zone: LiveZone, encoded: EncodedAnswers): void {
  const gauge = (name: string, help: string, read: () => number) => metrics.reads('gauge', { name, help }, () => [{ value: read() }])
  gauge('portolan_dns_ready', 'Whether names of the cluster are answered.', () => (zone.synced && zone.podsSynced ? 1 : 0))
  gauge('portolan_dns_zone_serial', 'Changes of the zone so far; the serial of its SOA record.', () => zone.serial)
  gauge('portolan_dns_encoded_answers', 'Answers about the cluster that are kept as they are sent.', () => encoded.size)
}
