import { systemClock } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import { Proxy } from '../src/dataplane/proxy/proxy.ts'
import { node as nodeObject, nodeName, ownNode, RecordedHealthChecks, TestCache } from '../src/dataplane/proxy/test-objects.ts'
import { conntrackCommand } from '../src/kernel/conntrack-command.ts'
import { realProcesses } from '../src/kernel/real-processes.ts'
import { TestNetwork, type TestNamespace } from '../src/kernel/test-network.ts'
import { type Benchmark, type Figure, median } from './benchmark.ts'
import { installPrograms } from './debian-programs.ts'
import { HttpServers } from './http-servers.ts'
import { kubeProxyRules } from './kube-proxy-shape.ts'
import { type Connections, LoadGenerator } from './load-generator.ts'
import { MeasuredNft } from './measured-nft.ts'
import { endpointPort, serviceObject, servicePort, sliceObject, world, worldRanges, type BenchService } from './service-world.ts'

const sizes = [10, 5000]
const endpoints = 3
const rounds = 5
const nodePort = 30080
const loadBalancerIP = '203.0.113.10'
const clientPod = '10.128.0.2'
const [nodeAddress = ''] = ownNode.addresses
const outsideAddress = '192.168.99.1'

/**
 * Answers per second from three pods on one node, reached by each kind of address of a Service, from a pod of the node
 * and from outside. Two nodes in namespaces of their own, with the proxy's rules and with chains as kube-proxy has
 * them, are measured in turn, in each round, next to the pods' own addresses. CPU per answer tells the same, and is
 * still worth something when others use the machine.
 */
export const proxyPath: Benchmark = {
  name: 'proxy-path',
  measures: 'requests/s and connections/s by ClusterIP, NodePort and LoadBalancer address, next to direct and to kube-proxy\'s shape',
  async run(say) {
    await installPrograms(['haproxy', 'wrk'], say)
    const figures: Figure[] = []
    for (const size of sizes) figures.push(...(await measure(size, say)))
    return figures
  },
}

/** A node with its pods and its rules, and where it is reached from. */
interface Site {
  readonly pod: TestNamespace
  readonly outside: TestNamespace
  readonly service: BenchService
}

interface Path {
  readonly name: string
  readonly from: 'pod' | 'outside'
  addresses(service: BenchService): readonly string[]
  readonly port: number
  /** The path that leads straight to the pods from the same place. */
  readonly direct?: string
}

const directly = (service: BenchService) => service.endpoints.map(({ address }) => address)
const paths: readonly Path[] = [
  { name: 'pod → pods', from: 'pod', addresses: directly, port: endpointPort },
  { name: 'pod → ClusterIP', from: 'pod', addresses: ({ clusterIP }) => [clusterIP], port: servicePort, direct: 'pod → pods' },
  { name: 'outside → pods', from: 'outside', addresses: directly, port: endpointPort },
  { name: 'outside → NodePort', from: 'outside', addresses: () => [nodeAddress], port: nodePort, direct: 'outside → pods' },
  {
    name: 'outside → LoadBalancer',
    from: 'outside',
    addresses: () => [loadBalancerIP],
    port: servicePort,
    direct: 'outside → pods',
  },
]
const kinds: readonly Connections[] = ['keep-alive', 'new']

/** One a round. */
type Series = readonly Sample[]

interface Sample {
  readonly perSecond: number
  /** Microseconds that client and servers took for each answer, the kernel's work on its way in it. */
  readonly cpu: number
}

async function measure(size: number, say: (line: string) => void): Promise<Figure[]> {
  await using network = new TestNetwork()
  await using servers = await HttpServers.create(endpointPort)
  await using generator = await LoadGenerator.create()
  await using rules = new AsyncDisposableStack()
  const services = servicesOf(size)
  const sites: { name: string; site: Site }[] = []
  for (const { name, load } of [
    { name: 'ours', load: loadOurs },
    { name: 'chains', load: loadChains },
  ]) {
    const { node, site } = await makeSite(network, servers, services)
    rules.use(await load(node, services))
    sites.push({ name, site })
    say(`${size} Services: ${name} loaded`)
  }
  const results = new Map<string, Series>()
  for (let round = 0; round < rounds; round += 1) {
    for (const connections of kinds) {
      for (const { name, from, addresses, port } of paths) {
        for (const { name: siteName, site } of sites) {
          const load = { from: site[from], addresses: addresses(site.service), port, connections }
          const key = keyOf(connections, name, siteName)
          const cpuBefore = servers.cpu
          const { count, perSecond, cpu } = await generator.run(load)
          const sample = { perSecond, cpu: ((cpu + servers.cpu - cpuBefore) / count) * 1000 }
          results.set(key, [...(results.get(key) ?? []), sample])
        }
      }
    }
    say(`${size} Services: round ${round + 1} of ${rounds}`)
  }
  return kinds.flatMap((connections) => figuresOf(size, connections, results))
}

/** The first is the one that is measured; nobody serves the others. */
function servicesOf(size: number): BenchService[] {
  const outside = { nodePort, loadBalancerIP }
  return world({ services: size, endpoints }).map((each, index) => (index === 0 ? { ...each, outside } : each))
}

async function makeSite(
  network: TestNetwork,
  servers: HttpServers,
  [service]: readonly BenchService[],
): Promise<{ node: TestNamespace; site: Site }> {
  if (service === undefined) throw new Error('there are no Services')
  const node = await network.namespace('node')
  const outside = await network.namespace('outside')
  await network.link({ namespace: node, address: `${nodeAddress}/24` }, { namespace: outside, address: `${outsideAddress}/24` })
  await node.ip(`route add default via ${outsideAddress}`)
  await outside.ip(`route add default via ${nodeAddress}`)
  for (const { address } of service.endpoints) await servers.start(await network.pod(node, address))
  const pod = await network.pod(node, clientPod)
  // Ended connections would fill the table, and clients run out of ports.
  await node.run('sh', '-c', 'echo 1 > /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_time_wait')
  for (const client of [pod, outside]) {
    await client.run('sh', '-c', 'echo 1024 65535 > /proc/sys/net/ipv4/ip_local_port_range')
  }
  return { node, site: { pod, outside, service } }
}

async function loadOurs(node: TestNamespace, services: readonly BenchService[]): Promise<AsyncDisposable> {
  const stack = new AsyncDisposableStack()
  const proxy = new Proxy({
    services: new TestCache(services.map(serviceObject)),
    slices: new TestCache(services.map(sliceObject)),
    nodes: new TestCache([nodeObject()]),
    nft: stack.use(new MeasuredNft(node)),
    conntrack: conntrackCommand({ processes: realProcesses, netns: node.path }),
    log: silentLog,
    clock: systemClock,
    ranges: worldRanges,
    nodeName,
    healthChecks: new RecordedHealthChecks(),
  })
  stack.use(proxy)
  await proxy.settled()
  return stack
}

async function loadChains(node: TestNamespace, services: readonly BenchService[]): Promise<AsyncDisposable> {
  const nft = new MeasuredNft(node)
  await nft.transaction([{ op: 'load', text: kubeProxyRules(services, ownNode.addresses) }])
  return nft
}

function figuresOf(size: number, connections: Connections, results: ReadonlyMap<string, Series>): Figure[] {
  const seriesOf = (path: string, site: string) => results.get(keyOf(connections, path, site)) ?? []
  const what = `${size} Services, ${connections}: `
  return paths.flatMap(({ name, direct }): Figure[] => {
    const [ours, chains] = [seriesOf(name, 'ours'), seriesOf(name, 'chains')]
    const own = [
      ...seriesFigures(`${what}${name}`, ours),
      ...seriesFigures(`${what}${name}, chains`, chains),
    ]
    if (direct === undefined) return own
    const straight = seriesOf(direct, 'ours')
    return [
      ...own,
      { what: `${what}${name}, ours ÷ chains`, value: ratio(ours, chains, rate), unit: '×', goal: '≥ 0.95' },
      { what: `${what}${name}, ours ÷ direct`, value: ratio(ours, straight, rate), unit: '×', goal: '→ 1.0' },
      { what: `${what}${name}, CPU, chains ÷ ours`, value: ratio(chains, ours, cpuTime), unit: '×', goal: '≥ 0.95' },
      { what: `${what}${name}, CPU, direct ÷ ours`, value: ratio(straight, ours, cpuTime), unit: '×', goal: '→ 1.0' },
    ]
  })
}

const rate = ({ perSecond }: Sample) => perSecond
const cpuTime = ({ cpu }: Sample) => cpu

function seriesFigures(what: string, series: Series): Figure[] {
  return [
    { what, value: median(series.map(rate)), unit: '/s' },
    { what: `${what}, CPU each`, value: median(series.map(cpuTime)), unit: 'µs' },
  ]
}

/** Median of the rounds' ratios, so that what slowed down a whole round does not count. */
function ratio(one: Series, other: Series, of: (sample: Sample) => number): number {
  return median(one.map((sample, round) => of(sample) / of(other[round] ?? { perSecond: NaN, cpu: NaN })))
}

function keyOf(connections: Connections, path: string, site: string): string {
  return `${connections} ${path} ${site}`
}
