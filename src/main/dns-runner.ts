import { EndpointSlices } from '../api/kinds/endpoint-slice.ts'
import { Namespaces } from '../api/kinds/namespace.ts'
import { Nodes } from '../api/kinds/node.ts'
import { Pods } from '../api/kinds/pod.ts'
import { Services } from '../api/kinds/service.ts'
import { addProcessMetrics } from '../apiserver/metrics/process-metrics.ts'
import { systemClock } from '../base/clock.ts'
import { formatHostPort } from '../base/host-port.ts'
import { jsonLog } from '../base/json-log.ts'
import { MetricRegistry } from '../base/metrics.ts'
import { UserError } from '../cli/context.ts'
import type { DnsRunner, DnsRunSettings } from '../cli/dns.ts'
import type { Client } from '../client/client.ts'
import { informer } from '../client/informer.ts'
import { connectToApi } from './connect-to-api.ts'
import { upstreamAddresses } from './dns-upstreams.ts'
import { endOnFailure } from './failure.ts'
import { endOfProcess } from './program-arguments.ts'

/** The DNS server of `portolan dns`. Its code is loaded when first used: most commands need none of it. */
export const dnsRunner: DnsRunner = {
  connect: (access) => connectToApi(access, 'portolan-dns'),
  async run(client, settings) {
    const { ListenError } = await import('../dataplane/dns/sockets.ts')
    try {
      await runDns(client, settings)
    } catch (error) {
      throw error instanceof ListenError ? new UserError(error.message, { cause: error }) : error
    }
  },
}

async function runDns(client: Client, settings: DnsRunSettings): Promise<void> {
  const { listen, status, clients, podRecords } = settings
  const end = endOfProcess()
  const log = jsonLog({ process: 'dns' })
  endOnFailure(log)
  const { DnsSockets, startClusterDns, serveStatus, reduced, reducedNamespace, reducedPod } = await parts()
  const sockets = await DnsSockets.open(listen)
  await using stack = new AsyncDisposableStack()
  const stopped = new AbortController()
  stack.defer(() => stopped.abort(new Error('DNS ends')))
  const signal = AbortSignal.any([end, stopped.signal])
  const live = { log, clock: systemClock, signal }
  const metrics = new MetricRegistry()
  addProcessMetrics(metrics)
  const upstreams = await upstreamAddresses(settings.upstreams, { own: listen.address }, log)
  const dns = await startClusterDns(
    { ...settings, ...listen, upstreams, clients: clients ?? [] },
    {
      ...live,
      sockets,
      metrics,
      services: informer(client, Services, { ...live, transform: reduced }),
      slices: informer(client, EndpointSlices, { ...live, transform: reduced }),
      namespaces: informer(client, Namespaces, { ...live, transform: reducedNamespace }),
      ...(podRecords === 'verified' ? { pods: informer(client, Pods, { ...live, transform: reducedPod }) } : {}),
      ...(clients === undefined ? { nodes: informer(client, Nodes, live) } : {}),
    },
  )
  stack.defer(() => dns.close())
  if (status !== undefined) stack.use(await serveStatus({ metrics, isReady: () => dns.isReady() }, status))
  log.info({ address: formatHostPort(listen), domain: settings.clusterDomain, upstreams }, 'DNS starts')
  void dns.ready.then(() => log.info({}, 'names of the cluster are answered'))
  if (!end.aborted) await new Promise((resolve) => end.addEventListener('abort', resolve, { once: true }))
  log.info({}, 'DNS ends')
}

async function parts() {
  return {
    ...(await import('../dataplane/dns/cluster-dns.ts')),
    ...(await import('../dataplane/dns/sockets.ts')),
    ...(await import('../dataplane/dns/status-server.ts')),
    ...(await import('../dataplane/dns/reduced-objects.ts')),
  }
}
