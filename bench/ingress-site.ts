import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EndpointSlices } from '../src/api/kinds/endpoint-slice.ts'
import { IngressClasses } from '../src/api/kinds/ingress-class.ts'
import { Ingresses } from '../src/api/kinds/ingress.ts'
import { Secrets } from '../src/api/kinds/secret.ts'
import { Services } from '../src/api/kinds/service.ts'
import { systemClock } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import { throwawayPki } from '../src/base/throwaway-pki.ts'
import { EventBroadcaster } from '../src/client/event-recorder.ts'
import { informer } from '../src/client/informer.ts'
import { MemoryClient } from '../src/client/memory-client.ts'
import { Haproxy } from '../src/dataplane/ingress/haproxy.ts'
import { IngressProxy } from '../src/dataplane/ingress/ingress-proxy.ts'
import { realProcesses } from '../src/kernel/real-processes.ts'
import type { TestNamespace } from '../src/kernel/test-network.ts'
import { peakMemoryOf, pssOf } from './process-usage.ts'

/** The ingress as it is, in a namespace, with the API's objects in memory. */
export class IngressSite implements AsyncDisposable {
  readonly client = new MemoryClient()
  readonly #directory: string
  readonly #ending = new AbortController()
  readonly #haproxy: Haproxy
  readonly #proxy: IngressProxy

  private constructor(namespace: TestNamespace, directory: string, { ports, defaultCertificate }: { ports: { http: number; https: number }; defaultCertificate: string }) {
    this.#directory = directory
    const live = { log: silentLog, clock: systemClock, signal: this.#ending.signal }
    const { client } = this
    const common = { clock: systemClock, log: silentLog }
    const haproxy = new Haproxy({
      ...common,
      processes: realProcesses,
      netns: namespace.path,
      directory,
      defaultCertificate,
      onRequest: () => {},
      onEnd: () => this.#proxy.haproxyEnded(),
    })
    this.#haproxy = haproxy
    this.#proxy = new IngressProxy({
      ...common,
      ingresses: informer(client, Ingresses, live),
      classes: informer(client, IngressClasses, live),
      services: informer(client, Services, live),
      slices: informer(client, EndpointSlices, live),
      secrets: () => informer(client, Secrets, live),
      haproxy,
      settings: { addresses: ['*'], ports, directory, threads: 2, accessLog: false },
      events: new EventBroadcaster({ ...common, client }).recorder('portolan-ingress'),
      publicAddresses: [],
      localAddresses: () => [],
      resolve: async () => [],
      clusterDomain: 'cluster.local',
    })
  }

  static async start(namespace: TestNamespace, ports: { http: number; https: number }): Promise<IngressSite> {
    const { server } = await throwawayPki()
    const directory = await mkdtemp(join(tmpdir(), 'bench-ingress-'))
    return new IngressSite(namespace, directory, { ports, defaultCertificate: `${server.cert}\n${server.key}\n` })
  }

  service(name: string, addresses: readonly string[], port: number): void {
    const metadata = { name, namespace: 'default' }
    this.client.seed(Services, { metadata, spec: { ports: [{ port: 80, protocol: 'TCP' }] } })
    this.endpoints(name, addresses, port)
  }

  endpoints(name: string, addresses: readonly string[], port: number): void {
    this.client.seed(EndpointSlices, {
      metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ port, protocol: 'TCP' }],
      endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    })
  }

  /** Of the paths, all led to the Service; for any host unless one is given. */
  ingress(name: string, service: string, { host, paths = ['/'] }: { host?: string; paths?: readonly string[] } = {}): void {
    const backend = { service: { name: service, port: { number: 80 } } }
    const rule = { ...(host === undefined ? {} : { host }), http: { paths: paths.map((path) => ({ path, pathType: 'Prefix', backend })) } }
    this.client.seed(Ingresses, { metadata: { name, namespace: 'default' }, spec: { ingressClassName: 'portolan', rules: [rule] } })
  }

  /** Resolves when HAProxy does all that was said so far. */
  async settled(): Promise<void> {
    // What was said has to come to the caches first.
    for (let turn = 0; turn < 5; turn += 1) await new Promise((wake) => setImmediate(wake))
    await this.#proxy.settled()
  }

  /** Of HAProxy, in megabytes. */
  async memory(): Promise<{ now: number; peak: number }> {
    const { pid } = this.#haproxy
    if (pid === undefined) throw new Error('HAProxy does not run')
    return { now: pssOf(pid), peak: peakMemoryOf(pid) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy.stop()
    this.#ending.abort()
    await rm(this.#directory, { recursive: true })
  }
}
