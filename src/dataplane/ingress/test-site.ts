import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer as createHttpServer, request, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { connect as connectTls } from 'node:tls'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { EndpointSlices, type Endpoint } from '../../api/kinds/endpoint-slice.ts'
import { Events } from '../../api/kinds/event.ts'
import { IngressClasses } from '../../api/kinds/ingress-class.ts'
import { Ingresses, type Ingress, type IngressSpec } from '../../api/kinds/ingress.ts'
import { Secrets } from '../../api/kinds/secret.ts'
import { Services, type ServiceSpec } from '../../api/kinds/service.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { throwawayPki } from '../../base/throwaway-pki.ts'
import { EventBroadcaster } from '../../client/event-recorder.ts'
import { informer } from '../../client/informer.ts'
import { MemoryClient } from '../../client/memory-client.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { controllerName } from './classes.ts'
import { Haproxy } from './haproxy.ts'
import { IngressProxy, type IngressProxyDeps } from './ingress-proxy.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

interface NewIngress {
  readonly namespace?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly createdAt?: string
}

const localhost = '127.0.0.1'
/** Where PROXY headers are taken, and wanted. */
export const relayedAt = '127.0.0.2'

/** The ingress as it is, with a real HAProxy on loopback and the API's objects in memory. Pods are servers in this process. */
export class TestSite implements AsyncDisposable {
  readonly client = new MemoryClient()
  readonly proxy: IngressProxy
  readonly ports: { readonly http: number; readonly https: number }
  readonly directory: string
  readonly #events: EventBroadcaster
  readonly #ending: AbortController
  readonly #servers: Server[] = []
  readonly #haproxy: Haproxy

  private constructor(ports: TestSite['ports'], directory: string, { defaultCertificate, ...settings }: { defaultCertificate: string; clientTimeoutMs?: number }) {
    this.ports = ports
    this.directory = directory
    this.#ending = new AbortController()
    const live = { log: silentLog, clock: systemClock, signal: this.#ending.signal }
    const { client } = this
    this.#events = new EventBroadcaster({ client, clock: systemClock, log: silentLog })
    const haproxy = new Haproxy({
      processes: realProcesses,
      clock: systemClock,
      log: silentLog,
      directory,
      defaultCertificate,
      onRequest: (line) => this.requests.push(line),
      onEnd: () => this.proxy.haproxyEnded(),
    })
    this.#haproxy = haproxy
    const deps: IngressProxyDeps = {
      ingresses: informer(client, Ingresses, live),
      classes: informer(client, IngressClasses, live),
      services: informer(client, Services, live),
      slices: informer(client, EndpointSlices, live),
      secrets: () => informer(client, Secrets, live),
      haproxy,
      settings: { addresses: [localhost], relayedAt, ports, directory, threads: 1, accessLog: false, ...settings },
      events: this.#events.recorder('portolan-ingress'),
      publicAddresses: [],
      localAddresses: () => [localhost],
      resolve: async (name) => {
        const addresses = this.names.get(name)
        if (addresses === undefined) throw new Error('nobody knows it')
        return addresses
      },
      clusterDomain: 'cluster.local',
      clock: systemClock,
      log: silentLog,
    }
    this.proxy = new IngressProxy(deps)
  }

  /** Of the HAProxy that serves. */
  get pid(): number | undefined {
    return this.#haproxy.pid
  }

  /** How many have connections from before. */
  get retiring(): number {
    return this.#haproxy.retiring
  }

  /** What names outside of the cluster lead to. */
  readonly names = new Map<string, readonly string[]>()
  /** What the access log says. */
  readonly requests: string[] = []

  static async start(settings: { clientTimeoutMs?: number } = {}): Promise<TestSite> {
    const directory = await mkdtemp(join(tmpdir(), 'ingress-test-'))
    const { server } = await throwawayPki()
    const site = new TestSite({ http: await freePort(), https: await freePort() }, directory, { defaultCertificate: `${server.cert}\n${server.key}\n`, ...settings })
    site.ingressClass('portolan', controllerName)
    return site
  }

  /** Resolves when HAProxy does all that was said so far. */
  async settled(): Promise<void> {
    // What was said has to come to the caches first.
    for (let turn = 0; turn < 5; turn += 1) await nextTurn()
    await this.proxy.settled()
  }

  ingressClass(name: string, controller: string, annotations: Record<string, string> = {}): void {
    this.client.seed(IngressClasses, { metadata: { name, annotations }, spec: { controller } })
  }

  /** Of the class `portolan` unless the specification names another. */
  ingress(name: string, spec: Partial<IngressSpec>, { namespace = 'default', annotations = {}, createdAt = '2026-01-01T00:00:00Z' }: NewIngress = {}): void {
    const metadata = { name, namespace, annotations: { ...annotations }, creationTimestamp: createdAt }
    this.client.seed(Ingresses, { metadata, spec: { ingressClassName: 'portolan', ...spec } })
  }

  peek(name: string, namespace = 'default'): Ingress | undefined {
    return this.client.peek(Ingresses, `${namespace}/${name}`)
  }

  /** A Service with port 80, called `http`, and a pod that answers with the Service's name, unless told otherwise. */
  async service(name: string, { namespace = 'default', spec = {}, pods = [saying(name)] }: { namespace?: string; spec?: Partial<ServiceSpec>; pods?: readonly RequestListener[] } = {}) {
    this.client.seed(Services, { metadata: { name, namespace }, spec: { ports: [{ name: 'http', port: 80, protocol: 'TCP' }], ...spec } })
    const ports = await Promise.all(pods.map((pod) => this.pod(pod)))
    this.endpoints(name, ports, namespace)
    return ports
  }

  /** Resolves to its port. */
  async pod(listener: RequestListener): Promise<number> {
    const server = createHttpServer(listener).listen(0, localhost)
    this.#servers.push(server)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  /** Nobody listens on its port any more. */
  async endPod(port: number): Promise<void> {
    const server = this.#servers.find((each) => (each.address() as AddressInfo | null)?.port === port)
    server?.closeAllConnections()
    await new Promise((closed) => server?.close(closed))
  }

  /** One that sends back what it hears once a connection is upgraded, and insists on that. Resolves to its port. */
  async upgradingPod(): Promise<number> {
    const port = await this.pod((_, response) => void response.writeHead(426).end())
    this.#servers.at(-1)?.on('upgrade', (_, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      socket.on('error', () => {}).pipe(socket)
    })
    return port
  }

  /** One slice for each pod, because each has a port of its own. */
  endpoints(service: string, ports: readonly number[], namespace = 'default', conditions: Endpoint['conditions'] = { ready: true }): void {
    for (const index of [0, 1, 2, 3, 4, 5].slice(ports.length)) {
      const key = `${namespace}/${service}-${index}`
      if (this.client.peek(EndpointSlices, key) !== undefined) this.slice(service, index, { namespace, addresses: [], port: 1, conditions })
    }
    for (const [index, port] of ports.entries()) this.slice(service, index, { namespace, addresses: [localhost], port, conditions })
  }

  slice(service: string, index: number, of: { namespace: string; addresses: readonly string[]; port: number; conditions: Endpoint['conditions'] }): void {
    const { namespace, addresses, port, conditions = {} } = of
    this.client.seed(EndpointSlices, {
      metadata: { namespace, name: `${service}-${index}`, labels: { 'kubernetes.io/service-name': service } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port, protocol: 'TCP' }],
      endpoints: addresses.map((address) => ({ addresses: [address], conditions })),
    })
  }

  secret(name: string, data: Readonly<Record<string, string>>, namespace = 'default'): void {
    const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])
    this.client.seed(Secrets, { metadata: { name, namespace }, type: 'kubernetes.io/tls', data: Object.fromEntries(encoded) })
  }

  /** Asks over HTTP/1.1, on a connection of its own. */
  async ask(host: string, path: string, { method = 'GET', headers = {}, body }: Asking = {}): Promise<Answer> {
    const outgoing = request({ host: localhost, port: this.ports.http, path, method, headers: { host, ...headers }, agent: false })
    outgoing.end(body)
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) }
  }

  /** The name in the certificate that is shown for the host. */
  async shown(servername: string): Promise<string> {
    const socket = connectTls({ port: this.ports.https, host: localhost, servername, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const { subject } = socket.getPeerCertificate()
    socket.destroy()
    return String(subject.CN)
  }

  /** `REASON MESSAGE` of all Events so far. */
  async events(): Promise<readonly string[]> {
    await this.#events.idle()
    const { items } = await this.client.list(Events)
    return items.map(({ reason, message, involvedObject }) => `${involvedObject.name}: ${reason} ${message}`).sort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy.stop()
    this.#ending.abort()
    for (const server of this.#servers.filter(({ listening }) => listening)) {
      server.closeAllConnections()
      server.close()
    }
    await rm(this.directory, { recursive: true })
  }
}

export function saying(name: string): RequestListener {
  return (_, response) => void response.end(name)
}

/** A rule for each path, of the form `HOST/PATH`, `Exact` if it ends with `=`. */
export function rules(paths: Readonly<Record<string, string>>): Pick<IngressSpec, 'rules'> {
  return {
    rules: Object.entries(paths).map(([where, service]) => {
      const [host = '', ...rest] = where.replace(/=$/, '').split('/')
      const pathType = where.endsWith('=') ? 'Exact' : 'Prefix'
      return { ...(host === '' ? {} : { host }), http: { paths: [{ path: `/${rest.join('/')}`, pathType, backend: backend(service) }] } }
    }),
  }
}

export function backend(service: string, port: { number: number } | { name: string } = { number: 80 }) {
  return { service: { name: service, port } }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, localhost)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((closed) => server.close(closed))
  return port
}
