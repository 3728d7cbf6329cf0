import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { Service } from '../../api/kinds/service.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { TestCache } from '../../client/test-cache.ts'
import { nftCommand } from '../../kernel/nft-command.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { TestNetwork, type TestNamespace } from '../../kernel/test-network.ts'
import type { TestPeer } from '../../kernel/test-peer.ts'
import { LoadBalancer, type LoadBalancerDeps } from './balancer.ts'
import type { Ask } from './health.ts'
import { addressOf, domain, node } from './test-objects.ts'

export const numbers = [1, 2, 3] as const
export type NodeNumber = (typeof numbers)[number]
export const client = '203.0.113.2'
/** Addresses that nodes answer on, in place of their service proxies: on 80 and 81 over TCP, on 53 over UDP. */
export const [web, other] = ['203.0.113.10', '203.0.113.11'] as const

/**
 * The edge with a load balancer, three nodes, and a client outside:
 *
 *     client 203.0.113.2 ── edge 203.0.113.1 · 192.168.99.1 ── node-1 192.168.99.11, node-2 …
 */
export class TestEdge implements AsyncDisposable {
  readonly services = new TestCache<Service>()
  readonly slices = new TestCache<EndpointSlice>()
  readonly nodes = new TestCache<Node>(numbers.map((number) => node(number)))
  /** What the load balancer warned of since the test took it. */
  readonly troubles: ({ readonly message: string } & object)[] = []
  /** Ports that are not well, as `address:port`. */
  readonly unwell = new Set<string>()
  readonly namespaces: Readonly<Record<'edge' | 'outside', TestNamespace>>
  readonly client: TestPeer
  /** A process beside the load balancer. */
  readonly beside: TestPeer
  readonly #network: TestNetwork
  readonly #nodes: ReadonlyMap<NodeNumber, { readonly namespace: TestNamespace; readonly peer: TestPeer }>
  #balancer: LoadBalancer

  private constructor(built: Built) {
    this.#network = built.network
    this.namespaces = built
    this.client = built.client
    this.beside = built.beside
    this.#nodes = built.nodes
    this.#balancer = this.#make({})
  }

  static async start(): Promise<TestEdge> {
    const network = new TestNetwork()
    try {
      const edge = new TestEdge(await build(network))
      await edge.balancer.settled()
      return edge
    } catch (error) {
      await network[Symbol.asyncDispose]()
      throw error
    }
  }

  get balancer(): LoadBalancer {
    return this.#balancer
  }

  node(number: NodeNumber): { readonly namespace: TestNamespace; readonly peer: TestPeer } {
    const found = this.#nodes.get(number)
    if (found === undefined) throw new Error(`no node ${number}`)
    return found
  }

  /** Stops the load balancer and starts another. */
  async restart(deps: Partial<LoadBalancerDeps> = {}): Promise<void> {
    await this.#balancer.stop()
    this.#balancer = this.#make(deps)
    await this.#balancer.settled()
  }

  /** Resolves when the kernel has what this changes. */
  async put(objects: { services?: readonly Service[]; slices?: readonly EndpointSlice[]; nodes?: readonly Node[] }): Promise<void> {
    this.services.put(...(objects.services ?? []))
    this.slices.put(...(objects.slices ?? []))
    this.nodes.put(...(objects.nodes ?? []))
    await this.#balancer.settled()
  }

  /** No Services, all nodes well, and nothing remembered of earlier connections. */
  async clear(): Promise<void> {
    for (const { metadata } of this.services.list()) this.services.remove(`default/${metadata.name}`)
    for (const { metadata } of this.slices.list()) this.slices.remove(`default/${metadata.name}`)
    this.unwell.clear()
    this.nodes.put(...numbers.map((number) => node(number)))
    await this.#balancer.settled()
    await this.namespaces.edge.run('conntrack', '-F')
  }

  /** Which nodes answered a number of questions over new connections, each said by its number. */
  async whoAnswers(address: string, { port = 80, transport = 'tcp', times = 24 }: Asked = {}): Promise<string> {
    const seen = new Set<string>()
    for (let time = 0; time < times; time += 1) {
      const { server, client: from } = await this.client.ask(transport, address, port)
      seen.add(`${server}${from === client ? '' : ` sees ${from}`}`)
    }
    return [...seen].sort().join(', ')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#balancer.stop()
    await this.#network[Symbol.asyncDispose]()
  }

  #make(deps: Partial<LoadBalancerDeps>): LoadBalancer {
    const { path: netns } = this.namespaces.edge
    const keep = (fields: object, message: string) => this.troubles.push({ ...fields, message })
    const ask: Ask = async ({ address, port }) => !this.unwell.has(`${address}:${port}`)
    const { services, slices, nodes } = this
    return new LoadBalancer({
      services,
      slices,
      nodes,
      nft: nftCommand({ processes: realProcesses, netns }),
      processes: { run: (command, options) => realProcesses.run(command, { ...options, netns }) },
      ask,
      log: { ...silentLog, warn: keep, error: keep },
      clock: systemClock,
      domain,
      nodesDevice: 'nodes',
      ...deps,
    })
  }
}

export interface Asked {
  readonly port?: number
  readonly transport?: 'tcp' | 'udp'
  readonly times?: number
}

interface Built {
  readonly network: TestNetwork
  readonly edge: TestNamespace
  readonly outside: TestNamespace
  readonly client: TestPeer
  readonly beside: TestPeer
  readonly nodes: ReadonlyMap<NodeNumber, { readonly namespace: TestNamespace; readonly peer: TestPeer }>
}

async function build(network: TestNetwork): Promise<Built> {
  const [edge, outside] = [await network.namespace('edge'), await network.namespace('outside')]
  const [, device] = await network.link({ namespace: edge, address: '203.0.113.1/24' }, { namespace: outside, address: `${client}/32` })
  await outside.ip(`route add 203.0.113.1 dev ${device}`, 'route add default via 203.0.113.1')
  await edge.ip('link add nodes type bridge', 'link set nodes up', 'address add 192.168.99.1/24 dev nodes')
  const nodes = new Map<NodeNumber, { namespace: TestNamespace; peer: TestPeer }>()
  for (const number of numbers) nodes.set(number, await joinNode(network, edge, number))
  return { network, edge, outside, nodes, client: await network.peer(outside), beside: await network.peer(edge) }
}

async function joinNode(network: TestNetwork, edge: TestNamespace, number: NodeNumber) {
  const namespace = await network.namespace(`node-${number}`)
  const [port] = await network.link({ namespace: edge }, { namespace, address: `${addressOf(number)}/24` })
  await edge.ip(`link set ${port} master nodes`)
  await namespace.ip('route add default via 192.168.99.1', `address add ${web}/32 dev lo`, `address add ${other}/32 dev lo`)
  const peer = await network.peer(namespace)
  for (const address of [web, other]) {
    await peer.serve('tcp', 80, address)
    await peer.serve('tcp', 81, address)
    await peer.serve('udp', 53, address)
  }
  return { namespace, peer }
}
