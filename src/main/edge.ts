import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { EndpointSlices } from '../api/kinds/endpoint-slice.ts'
import { IngressClasses } from '../api/kinds/ingress-class.ts'
import { Ingresses } from '../api/kinds/ingress.ts'
import { ownClasses } from '../api/kinds/load-balancer.ts'
import { Nodes } from '../api/kinds/node.ts'
import { Services } from '../api/kinds/service.ts'
import { systemClock } from '../base/clock.ts'
import { jsonLog } from '../base/json-log.ts'
import { apiClient } from '../client/api-client.ts'
import { http2Transport } from '../client/http2-transport.ts'
import { informer } from '../client/informer.ts'
import { runControllers } from '../client/run-controllers.ts'
import { ingressAddress, loadBalancerPool, serverAddress } from '../cluster/address-plan.ts'
import { planOf } from '../cluster/config.ts'
import { dnsSettings } from '../cluster/dns-settings.ts'
import { nodesDevice } from '../cluster/network-description.ts'
import { readIdentity } from '../cluster/pki.ts'
import { askByHttp } from '../dataplane/loadbalancer/ask-by-http.ts'
import { LoadBalancer } from '../dataplane/loadbalancer/balancer.ts'
import { PublishedServices } from '../dataplane/published/published-services.ts'
import { routesController } from '../dataplane/routes/routes-controller.ts'
import { nftSession } from '../kernel/nft-session.ts'
import { realProcesses as processes } from '../kernel/real-processes.ts'
import { AppliedRevision } from '../node/withdrawal/applied-revision.ts'
import { EdgeLease } from '../node/withdrawal/edge-lease.ts'
import { withDeletions } from '../node/withdrawal/with-deletions.ts'
import { appliedByAll } from './applied-by-all.ts'
import { upstreamsFor } from './dns-upstreams.ts'
import { endOnFailure } from './failure.ts'
import { giveBackMemory } from './give-back-memory.ts'
import { receivePublished } from './listeners.ts'
import { clusterOf, endOfProcess, reportReady } from './program-arguments.ts'
import { SleepingIngress } from './sleeping-ingress.ts'

/**
 * The edge process: the cluster's router, in the namespace between the nodes and the outside. Keeps the way to every
 * node's pods, leads connections to the addresses of load balancers, requests by Ingresses, and published ports to
 * Services.
 */
/** Nobody is there but the cluster's own processes. */
const loopback = '127.0.0.1'
const log = jsonLog({ process: 'edge' })
endOnFailure(log)
giveBackMemory({ clock: systemClock })
const signal = endOfProcess()
const lead = receivePublished()
const { config, layout } = await clusterOf(process.argv.slice(2))
const plan = planOf(config)
const live = { log, clock: systemClock, signal }
const identity = await readIdentity(layout.pki, 'edge')
const client = apiClient(http2Transport({ server: `https://${serverAddress(plan)}:6443`, userAgent: 'portolan-edge', ...identity }))
const services = informer(client, Services, live)
const slices = informer(client, EndpointSlices, live)
const nodes = informer(client, Nodes, live)

const scratchDirectory = join(layout.run, 'edge')
await mkdir(scratchDirectory, { recursive: true })
const nft = nftSession({ processes, clock: systemClock, scratchDirectory })
const balancer = new LoadBalancer({
  services,
  slices,
  nodes,
  nft,
  processes,
  ask: askByHttp({ withinMs: 500 }),
  log,
  clock: systemClock,
  domain: { pool: loadBalancerPool(plan), classes: ownClasses },
  nodesDevice,
})
// Not before it is known where to.
void Promise.all([services.synced, slices.synced]).then(() => {
  lead(new PublishedServices({ services, slices, clock: systemClock, random: Math.random, ingressAt: (port) => ({ address: loopback, port }) }))
})
const ingressIdentity = await readIdentity(layout.pki, 'ingress')
const ingress = new SleepingIngress({
  client,
  ingresses: informer(client, Ingresses, live),
  classes: informer(client, IngressClasses, live),
  services,
  slices,
  settings: {
    addresses: [ingressAddress(plan), serverAddress(plan)],
    relayedAt: loopback,
    ports: { http: 80, https: 443 },
    directory: layout.ingress,
    accessLog: false,
    metricsAt: { address: serverAddress(plan), port: 8404 },
  },
  defaultCertificate: `${ingressIdentity.cert}\n${ingressIdentity.key}\n`,
  publicAddresses: [ingressAddress(plan)],
  clusterDomain: config.clusterDomain,
  nameServersFor: (name) => upstreamsFor(name, dnsSettings(config), log),
  ...live,
})
const lease = new EdgeLease({ client, ...live })
const appliedRevision = new AppliedRevision({
  slices,
  tell: (revision, aborted) => lease.tell(revision, aborted),
  onApplied: appliedByAll([
    withDeletions(slices, (listener) => void balancer.onApplied(listener)),
    withDeletions(slices, ingress.onApplied),
  ]),
  ...live,
})
void Promise.all([nodes.synced, balancer.settled()]).then(reportReady, () => undefined) // it ends before it was ready
const routes = routesController({ nodes, ownNode: undefined, processes, clock: systemClock })
await Promise.all([runControllers([routes], live), appliedRevision.run(), lease.run(), ingress.run()])
await balancer.stop()
await nft[Symbol.asyncDispose]()
process.exit(0)
