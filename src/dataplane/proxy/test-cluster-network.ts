import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { Service } from '../../api/kinds/service.ts'
import { keyOf } from '../../api/object.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLog, type Log } from '../../base/log.ts'
import { conntrackCommand } from '../../kernel/conntrack-command.ts'
import { nftCommand } from '../../kernel/nft-command.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { TestNetwork, type TestNamespace } from '../../kernel/test-network.ts'
import type { Answer, TestPeer } from '../../kernel/test-peer.ts'
import type { OwnNode } from './own-node.ts'
import { Proxy, type ProxyDeps } from './proxy.ts'
import { node as nodeObject, ranges, RecordedHealthChecks, TestCache } from './test-objects.ts'

/** Those who ask; `a`, `b` and `c` also serve, on 8080 and 9090 over TCP and 5353 over UDP, and so does the node `node-1`. */
export const addresses = {
  a: '10.108.1.2',
  c: '10.108.1.4',
  client: '10.108.1.3',
  b: '10.108.2.2',
  'client-2': '10.108.2.3',
  'node-1': '192.168.99.11',
  'node-2': '192.168.99.12',
  outside: '203.0.113.2',
} as const

export type PeerName = keyof typeof addresses
export type PodName = 'a' | 'b' | 'c'
export type NodeName = 'node-1' | 'node-2'

/** Where each peer is, or which node it is. */
export const nodeOf: Readonly<Record<Exclude<PeerName, 'outside'>, NodeName>> = {
  a: 'node-1',
  c: 'node-1',
  client: 'node-1',
  'node-1': 'node-1',
  b: 'node-2',
  'client-2': 'node-2',
  'node-2': 'node-2',
}

/** Another address of the client outside. */
export const otherOutside = '203.0.113.3'
/** The edge routes them to `node-1`. */
export const [loadBalancer, externalIP] = ['198.51.100.10', '198.51.100.20'] as const
/** The edge routes them to `node-2`. */
export const [loadBalancer2, externalIP2] = ['198.51.100.12', '198.51.100.22'] as const

export const ownNodes: Readonly<Record<NodeName, OwnNode>> = {
  'node-1': { name: 'node-1', addresses: [addresses['node-1']], podRanges: ['10.108.1.0/24'], zone: 'a' },
  'node-2': { name: 'node-2', addresses: [addresses['node-2']], podRanges: ['10.108.2.0/24'], zone: 'b' },
}
const podRange = (node: NodeName) => ownNodes[node].podRanges.join()
const edgeAddress = '192.168.99.1'

/**
 * Two nodes with a proxy each and pods, behind an edge router that knows no service, and a client outside:
 *
 *     outside 203.0.113.2, .3 ── edge 203.0.113.1 · 192.168.99.1 ─┬─ node-1 192.168.99.11: a, c, client
 *                                                                └─ node-2 192.168.99.12: b, client-2
 *
 * The edge leads addresses of services to `node-1`, but for the two whose names end with 2.
 */
export class TestCluster implements AsyncDisposable {
  readonly services = new TestCache<Service>()
  readonly slices = new TestCache<EndpointSlice>()
  readonly nodes = new TestCache<Node>(Object.values(ownNodes).map(nodeObject))
  /** What proxies warned of since the test took it. */
  readonly troubles: ({ readonly message: string } & object)[] = []
  readonly edge: TestNamespace
  readonly #network: TestNetwork
  readonly #namespaces: ReadonlyMap<PeerName, TestNamespace>
  readonly #peers: ReadonlyMap<PeerName, TestPeer>
  readonly #proxies = new Map<NodeName, Proxy>()

  private constructor({ network, edge, namespaces, peers }: Built) {
    this.#network = network
    this.edge = edge
    this.#namespaces = namespaces
    this.#peers = peers
  }

  /** With a proxy on each node. */
  static async start(): Promise<TestCluster> {
    const network = new TestNetwork()
    try {
      const cluster = new TestCluster(await build(network))
      for (const name of ['node-1', 'node-2'] as const) cluster.startProxy(name)
      await cluster.settled()
      return cluster
    } catch (error) {
      await network[Symbol.asyncDispose]()
      throw error
    }
  }

  namespace(name: PeerName): TestNamespace {
    return found(this.#namespaces, name)
  }

  peer(name: PeerName): TestPeer {
    return found(this.#peers, name)
  }

  proxy(name: NodeName): Proxy {
    return found(this.#proxies, name)
  }

  /** Starts the proxy of a node. The one before, if any, is the caller's to stop. */
  startProxy(name: NodeName, deps: Partial<ProxyDeps> = {}): Proxy {
    const { path: netns } = this.namespace(name)
    const proxy = new Proxy({
      services: this.services,
      slices: this.slices,
      nodes: this.nodes,
      nft: nftCommand({ processes: realProcesses, netns }),
      conntrack: conntrackCommand({ processes: realProcesses, netns }),
      log: this.log(),
      clock: systemClock,
      ranges,
      nodeName: name,
      healthChecks: new RecordedHealthChecks(),
      ...deps,
    })
    this.#proxies.set(name, proxy)
    return proxy
  }

  /** Stops the proxy of a node and starts another. */
  async restartProxy(name: NodeName, deps: Partial<ProxyDeps> = {}): Promise<Proxy> {
    await this.proxy(name).stop()
    const proxy = this.startProxy(name, deps)
    await proxy.settled()
    return proxy
  }

  /** Keeps warnings and errors in `troubles`. */
  log(): Log {
    const keep = (fields: object, message: string) => this.troubles.push({ ...fields, message })
    return { ...silentLog, warn: keep, error: keep }
  }

  /** Resolves when the rules of all nodes are up to date. */
  async put(objects: { readonly services?: readonly Service[]; readonly slices?: readonly EndpointSlice[] }): Promise<void> {
    this.services.put(...(objects.services ?? []))
    this.slices.put(...(objects.slices ?? []))
    await this.settled()
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.settled()))
  }

  /** No Services, and nothing remembered of earlier connections. */
  async clear(): Promise<void> {
    for (const object of this.services.list()) this.services.remove(keyOf(object))
    for (const object of this.slices.list()) this.slices.remove(keyOf(object))
    await this.settled()
    await Promise.all((['node-1', 'node-2'] as const).map((name) => this.namespace(name).run('conntrack', '-F')))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.stop()))
    await this.#network[Symbol.asyncDispose]()
  }
}

interface Built {
  readonly network: TestNetwork
  readonly edge: TestNamespace
  readonly namespaces: ReadonlyMap<PeerName, TestNamespace>
  readonly peers: ReadonlyMap<PeerName, TestPeer>
}

async function build(network: TestNetwork): Promise<Built> {
  const [edge, outside] = await Promise.all([network.namespace('edge'), network.namespace('outside')])
  await network.link({ namespace: edge, address: '203.0.113.1/24' }, { namespace: outside, address: `${addresses.outside}/24` })
  await outside.ip(`address add ${otherOutside}/32 dev lo`, 'route add default via 203.0.113.1')
  await edge.ip('link add nodes type bridge', 'link set nodes up', `address add ${edgeAddress}/24 dev nodes`)
  const [node1, node2] = await Promise.all([joinNode(network, edge, 'node-1'), joinNode(network, edge, 'node-2')])
  await Promise.all([
    node1.ip(`route add ${podRange('node-2')} via ${addresses['node-2']}`),
    node2.ip(`route add ${podRange('node-1')} via ${addresses['node-1']}`),
    edge.ip(
      `route add ${otherOutside} via ${addresses.outside}`,
      `route add ${podRange('node-1')} via ${addresses['node-1']}`,
      `route add ${podRange('node-2')} via ${addresses['node-2']}`,
      ...[...ranges.map(({ services }) => services), loadBalancer, externalIP].map((to) => `route add ${to} via ${addresses['node-1']}`),
      ...[loadBalancer2, externalIP2].map((to) => `route add ${to} via ${addresses['node-2']}`),
    ),
  ])
  const pods = (['a', 'c', 'client', 'b', 'client-2'] as const).map(async (name) => {
    const node = nodeOf[name] === 'node-1' ? node1 : node2
    return [name, await network.pod(node, addresses[name], name)] as const
  })
  const namespaces = new Map<PeerName, TestNamespace>([['outside', outside], ['node-1', node1], ['node-2', node2], ...(await Promise.all(pods))])
  const peers = await Promise.all([...namespaces].map(async ([name, namespace]) => [name, await network.peer(namespace)] as const))
  const built = { network, edge, namespaces, peers: new Map(peers) }
  await Promise.all((['a', 'b', 'c'] as const).map((name) => serveAll(found(built.peers, name))))
  return built
}

async function joinNode(network: TestNetwork, edge: TestNamespace, name: NodeName): Promise<TestNamespace> {
  const namespace = await network.namespace(name)
  const [port] = await network.link({ namespace: edge }, { namespace, address: `${addresses[name]}/24` })
  await edge.ip(`link set ${port} master nodes`)
  await namespace.ip(`route add default via ${edgeAddress}`)
  // Refusals of UDP are messages of ICMP, of which the kernel sends a client no more than about one a second.
  await namespace.run('sh', '-c', 'echo 0 > /proc/sys/net/ipv4/icmp_ratelimit')
  await namespace.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet') // as the agent does
  return namespace
}

async function serveAll(peer: TestPeer): Promise<void> {
  await peer.serve('tcp', 8080)
  await peer.serve('tcp', 9090)
  await peer.serve('udp', 5353)
}

function found<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key)
  if (value === undefined) throw new Error(`the test cluster has no ${String(key)}`)
  return value
}

/** Who answered, how often. */
export async function tally(ask: () => Promise<Answer>, times: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (let time = 0; time < times; time += 1) {
    const { server } = await ask()
    counts[server] = (counts[server] ?? 0) + 1
  }
  return counts
}
