import type { EndpointSlice } from '../api/kinds/endpoint-slice.ts'
import { Namespaces } from '../api/kinds/namespace.ts'
import { Pods } from '../api/kinds/pod.ts'
import type { Service } from '../api/kinds/service.ts'
import { addProcessMetrics } from '../apiserver/metrics/process-metrics.ts'
import type { Clock } from '../base/clock.ts'
import { formatCidr } from '../base/ip.ts'
import type { Log } from '../base/log.ts'
import { MetricRegistry } from '../base/metrics.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import { informer } from '../client/informer.ts'
import type { NodeSettings } from '../cluster/node-settings.ts'
import { startClusterDns, type ClusterDns } from '../dataplane/dns/cluster-dns.ts'
import { reducedNamespace, reducedPod } from '../dataplane/dns/reduced-objects.ts'
import { serveStatus } from '../dataplane/dns/status-server.ts'
import { nodeUpstreams } from './dns-upstreams.ts'
import { nodeDnsSockets } from './node-dns-sockets.ts'

export interface NodeDnsDeps {
  /** Of DNS, which sees more than the node does. */
  readonly client: Client
  readonly services: Cache<Service>
  readonly slices: Cache<EndpointSlice>
  readonly log: Log
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** As CoreDNS's. */
const metricsPort = 9153

/** The DNS server of a node, on the cluster's DNS address. It tells of itself on the node's own: `/metrics`, `/ready`. */
export async function startNodeDns(node: NodeSettings, deps: NodeDnsDeps): Promise<ClusterDns> {
  const { client, log, clock, signal } = deps
  const { dnsAddress: address, clusterDomain, pods, nodes, dns: settings, machineLoopback: forLocalhost } = node
  const sockets = await nodeDnsSockets(node)
  const live = { log, clock, signal }
  const metrics = new MetricRegistry()
  addProcessMetrics(metrics)
  const dns = await startClusterDns(
    {
      address,
      port: sockets.port,
      clusterDomain,
      clients: [formatCidr(pods), formatCidr(nodes)],
      ...settings,
      upstreams: await nodeUpstreams(settings.upstreams, { own: address, ...(forLocalhost === undefined ? {} : { forLocalhost }) }, log),
    },
    {
      ...deps,
      sockets,
      metrics,
      namespaces: informer(client, Namespaces, { ...live, transform: reducedNamespace }),
      ...(settings.podRecords === 'verified' ? { pods: informer(client, Pods, { ...live, transform: reducedPod }) } : {}),
    },
  )
  await tellStatus({ address: node.address, port: metricsPort }, { metrics, isReady: () => dns.isReady() }, log)
  return dns
}

/** Names matter more than figures: a port that is taken, by a pod in the node's network, is no reason not to answer. */
async function tellStatus(at: { address: string; port: number }, status: Parameters<typeof serveStatus>[0], log: Log): Promise<void> {
  try {
    await serveStatus(status, at)
  } catch (error) {
    log.error({ err: error, ...at }, 'DNS metrics are not served')
  }
}
