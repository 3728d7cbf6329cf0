import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { Exec, KubeConfig, type V1Status } from '@kubernetes/client-node'
import type { Endpoints } from '../../src/api/kinds/endpoints.ts'
import type { EndpointSlice } from '../../src/api/kinds/endpoint-slice.ts'
import type { Pod } from '../../src/api/kinds/pod.ts'
import type { Service } from '../../src/api/kinds/service.ts'
import { eventually, type TestCluster } from '../test-cluster.ts'
import { ApiRequests } from './api-requests.ts'
import { type Answer, asker, server } from './programs.ts'

/** Where a question is asked: in a pod of the tenant, or on a node. */
export type Place = { readonly pod: string } | { readonly node: string }

export interface Question {
  readonly protocol?: 'http' | 'udp'
  /** A name or an address. */
  readonly host: string
  readonly port: number
  readonly count?: number
}

export interface ServerPod {
  readonly labels?: Readonly<Record<string, string>>
  readonly node?: string
  /** What it listens at: `http:8080`, `udp:8081`. */
  readonly listens: readonly string[]
  /** Names of ports, as a Service can name them. */
  readonly ports?: Readonly<Record<string, number>>
  readonly hostPort?: { readonly containerPort: number; readonly hostPort: number; readonly hostIP: string; readonly protocol: 'TCP' | 'UDP' }
}

const apiOf: Readonly<Record<string, string>> = { endpointslices: '/apis/discovery.k8s.io/v1' }
const mergePatch = 'application/merge-patch+json'

/** Who needs a namespace of the cluster, what is done there, and what is seen. */
export class Tenant {
  readonly namespace: string
  readonly api: ApiRequests
  readonly cluster: TestCluster
  readonly #config: KubeConfig

  private constructor(cluster: TestCluster, config: KubeConfig, namespace: string) {
    this.cluster = cluster
    this.#config = config
    this.namespace = namespace
    this.api = new ApiRequests(config)
  }

  static async begin(cluster: TestCluster, namespace: string): Promise<Tenant> {
    const config = new KubeConfig()
    config.loadFromFile(String(cluster.environment['KUBECONFIG']))
    const tenant = new Tenant(cluster, config, namespace)
    await tenant.api.json('POST', '/api/v1/namespaces', { metadata: { name: namespace } })
    return tenant
  }

  /** Of objects of this namespace, or of one. */
  path(resource: string, name?: string): string {
    const all = `${apiOf[resource] ?? '/api/v1'}/namespaces/${this.namespace}/${resource}`
    return name === undefined ? all : `${all}/${name}`
  }

  async create<T>(resource: string, object: object): Promise<T> {
    return (await this.api.json('POST', this.path(resource), object)) as T
  }

  async get<T>(resource: string, name: string): Promise<T> {
    return (await this.api.json('GET', this.path(resource, name))) as T
  }

  async patch<T>(resource: string, name: string, change: object): Promise<T> {
    return (await this.api.json('PATCH', this.path(resource, name), change, mergePatch)) as T
  }

  async delete(resource: string, name: string): Promise<void> {
    await this.api.json('DELETE', this.path(resource, name))
  }

  async exists(resource: string, name: string): Promise<boolean> {
    return (await this.api.ask('GET', this.path(resource, name))).status === 200
  }

  async until<T>(what: string, probe: () => Promise<T | undefined | false>): Promise<T> {
    return eventually(`${what} in ${this.namespace}`, probe)
  }

  async service(name: string, spec: object): Promise<Service> {
    return this.create<Service>('services', { metadata: { name }, spec })
  }

  /** A pod that answers; resolves when it is ready. */
  async serverPod(name: string, { labels = {}, node, listens, ports = {}, hostPort }: ServerPod): Promise<Pod> {
    const named = Object.entries(ports).map(([portName, containerPort]) => ({ name: portName, containerPort }))
    const allPorts = hostPort === undefined ? named : [...named, hostPort]
    const tcp = listens.map((at) => /^http:(\d+)$/.exec(at)?.[1]).find((port) => port !== undefined)
    // Datagrams cannot be probed.
    const probe = tcp === undefined ? {} : { readinessProbe: { tcpSocket: { port: Number(tcp) }, periodSeconds: 1 } }
    const container = { name: 'main', image: 'luksa/kubia', command: ['node', '-e', server, ...listens], ports: allPorts, ...probe }
    return this.pod(name, { ...(node !== undefined && { nodeName: node }), containers: [container] }, labels)
  }

  /** A pod to ask from, with node, curl, dig and getent in it; resolves when it is ready. */
  async askerPod(name = 'asker', spec: object = {}): Promise<Pod> {
    return this.pod(name, { ...spec, containers: [{ name: 'main', image: 'luksa/kubia', command: ['sleep', 'infinity'] }] })
  }

  async pod(name: string, spec: object, labels: Readonly<Record<string, string>> = {}): Promise<Pod> {
    await this.create('pods', { metadata: { name, labels }, spec: { terminationGracePeriodSeconds: 0, ...spec } })
    return this.until(`pod ${name} to be ready`, async () => {
      const pod = await this.get<Pod>('pods', name)
      return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true && pod
    })
  }

  /** What a command in a pod prints; rejects if it fails. */
  async exec(pod: string, ...command: string[]): Promise<string> {
    const [output, errors] = [new PassThrough(), new PassThrough()]
    const status = Promise.withResolvers<V1Status>()
    const said = Promise.all([text(output), text(errors)])
    const socket = await new Exec(this.#config).exec(this.namespace, pod, 'main', command, output, errors, null, false, status.resolve)
    const result = await status.promise
    const [stdout, stderr] = await said
    socket.close()
    if (result.status !== 'Success') throw new Error(`${command.join(' ')}: ${result.message}\n${stdout}${stderr}`)
    return stdout
  }

  /** What came back, one by one: answers, and codes of errors. */
  async ask(from: Place, { protocol = 'http', host, port, count = 1 }: Question): Promise<readonly (Answer | string)[]> {
    const command = ['node', '-e', asker, protocol, host, String(port), String(count)]
    const printed = 'pod' in from ? await this.exec(from.pod, ...command) : (await this.cluster.portolan('node', 'exec', from.node, '--', ...command)).stdout
    return JSON.parse(printed) as (Answer | string)[]
  }

  /** The same, as soon as it is so: kernels and name servers follow the API within moments. */
  async untilAnswered(from: Place, question: Question, holds: (answers: readonly (Answer | string)[]) => boolean): Promise<void> {
    let last: readonly (Answer | string)[] = []
    const probe = async () => {
      last = await this.ask(from, question)
      return holds(last)
    }
    await this.until('answers', probe).catch((error: unknown) => {
      throw new Error(`${JSON.stringify(question)}: ${JSON.stringify(last)}`, { cause: error })
    })
  }

  /** Ports by the pods that a Service is said to have, by its Endpoints and its EndpointSlices alike. */
  async untilEndpoints(service: string, expected: Readonly<Record<string, readonly number[]>>): Promise<void> {
    const wanted = JSON.stringify(sorted(expected))
    let last: readonly string[] = []
    const probe = async () => {
      last = [JSON.stringify(await this.#podsOfEndpoints(service)), JSON.stringify(await this.#podsOfSlices(service))]
      return last.every((found) => found === wanted)
    }
    await this.until(`endpoints ${wanted}`, probe).catch((error: unknown) => {
      throw new Error(`Endpoints ${last[0]}, EndpointSlices ${last[1]}`, { cause: error })
    })
  }

  async slicesOf(service: string): Promise<readonly EndpointSlice[]> {
    const query = new URLSearchParams({ labelSelector: `kubernetes.io/service-name=${service}` })
    const list = (await this.api.json('GET', `${this.path('endpointslices')}?${query}`)) as unknown as { items: EndpointSlice[] }
    return list.items
  }

  async #podsOfEndpoints(service: string) {
    const { subsets = [] } = await this.get<Endpoints>('endpoints', service)
    return portsByPod(
      subsets.flatMap(({ addresses = [], ports = [] }) =>
        addresses.flatMap(({ targetRef }) => ports.map(({ port }) => [String(targetRef?.name), port] as const)),
      ),
    )
  }

  async #podsOfSlices(service: string) {
    return portsByPod(
      (await this.slicesOf(service)).flatMap(({ endpoints, ports }) =>
        (endpoints ?? [])
          .filter(({ conditions }) => conditions?.ready !== false)
          .flatMap(({ targetRef }) => (ports ?? []).map(({ port }) => [String(targetRef?.name), Number(port)] as const)),
      ),
    )
  }
}

/** Who answered, each once, in order. */
export function whoIn(answers: readonly (Answer | string)[]): string[] {
  return [...new Set(answers.map((answer) => (typeof answer === 'string' ? answer : answer.name)))].sort()
}

function portsByPod(pairs: readonly (readonly [pod: string, port: number])[]): Record<string, readonly number[]> {
  const byPod: Record<string, number[]> = {}
  for (const [pod, port] of pairs) (byPod[pod] ??= []).push(port)
  return sorted(byPod)
}

function sorted(byPod: Readonly<Record<string, readonly number[]>>): Record<string, readonly number[]> {
  return Object.fromEntries(Object.keys(byPod).sort().map((pod) => [pod, [...(byPod[pod] ?? [])].sort((a, b) => a - b)]))
}
