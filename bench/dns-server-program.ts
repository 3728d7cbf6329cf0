import { systemClock } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import { MetricRegistry } from '../src/base/metrics.ts'
import { clientFilter } from '../src/dataplane/dns/client-filter.ts'
import { EncodedAnswers } from '../src/dataplane/dns/encoded-answers.ts'
import { ForwardMetrics } from '../src/dataplane/dns/forward/forward-metrics.ts'
import { forwarder } from '../src/dataplane/dns/forward/forwarder.ts'
import { LiveZone } from '../src/dataplane/dns/live-zone.ts'
import { resolver } from '../src/dataplane/dns/resolver.ts'
import { serveDns } from '../src/dataplane/dns/server.ts'
import { DnsSockets } from '../src/dataplane/dns/sockets.ts'
import { TestCaches } from '../src/dataplane/dns/test-zone.ts'
import { TrafficMetrics } from '../src/dataplane/dns/traffic-metrics.ts'
import { clusterDomain, dnsWorld, endpointPort, portName, servicePort } from './dns-world.ts'

/**
 * Our DNS server over a world of its own: ADDRESS PORT CLIENTS SERVICES ENDPOINTS MODE. With the mode `encode`, every
 * answer is made anew; with `single`, packets are taken one by one.
 */
const [address = '', port = '', clients = '', services = '', endpoints = '', mode = ''] = process.argv.slice(2)
const [clock, log] = [systemClock, silentLog]
const zone = new LiveZone(filledCaches())
const registry = new MetricRegistry()
const server = `dns://${address}:${port}`
const listen = { address, port: Number(port) }
const encoded = mode === 'encode' ? { get: () => undefined, add: () => {} } : new EncodedAnswers(zone)
serveDns(
  {
    resolve: resolver({
      zone,
      forwarder: forwarder({ upstreams: [] }, { clock, metrics: new ForwardMetrics(registry, server) }),
      options: { clusterDomain, ttlSeconds: 5, podRecords: 'verified' },
      encoded,
      patience: Promise.resolve(),
      random: Math.random,
    }),
    admits: clientFilter([clients]),
    metrics: new TrafficMetrics(registry, { server, clusterDomain, family: 4 }),
    clock,
    log,
  },
  await (mode === 'single' ? DnsSockets.open(listen, () => Promise.reject(new Error('not wanted'))) : DnsSockets.open(listen)),
)

function filledCaches(): TestCaches {
  const caches = new TestCaches()
  for (const { namespace, name, clusterIP, endpoints: addresses } of dnsWorld({ services: Number(services), endpoints: Number(endpoints) })) {
    caches.namespace(namespace)
    const ports = [{ name: portName, protocol: 'TCP', port: servicePort }]
    const own = clusterIP ?? 'None'
    caches.service(namespace, name, { clusterIP: own, clusterIPs: [own], ports })
    caches.slice(namespace, name, {
      ports: [{ name: portName, protocol: 'TCP', port: endpointPort }],
      endpoints: addresses.map((each) => ({ addresses: [each], conditions: { ready: true } })),
    })
  }
  caches.markSynced()
  return caches
}
