import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '../src/base/clock.ts'
import { silentLog, type Log } from '../src/base/log.ts'
import { Proxy } from '../src/dataplane/proxy/proxy.ts'
import { node, nodeName, ownNode, RecordedHealthChecks, TestCache } from '../src/dataplane/proxy/test-objects.ts'
import { conntrackCommand } from '../src/kernel/conntrack-command.ts'
import { realProcesses } from '../src/kernel/real-processes.ts'
import { TestNetwork } from '../src/kernel/test-network.ts'
import { type Benchmark, type Figure, median, percentile } from './benchmark.ts'
import { kubeProxyChange, kubeProxyRules } from './kube-proxy-shape.ts'
import { MeasuredNft } from './measured-nft.ts'
import { cpuBetween, cpuOf, type CpuTime } from './process-usage.ts'
import { serviceObject, sliceObject, world, worldRanges, type BenchService, type WorldSize } from './service-world.ts'

interface Case extends WorldSize {
  readonly loads: number
  /** Chains for more Services than this would take many minutes. */
  readonly chainChanges?: number
  readonly goal?: string
  readonly published?: string
}

const changes = 240
const cases: readonly Case[] = [
  { services: 100, endpoints: 10, loads: 5 },
  { services: 1000, endpoints: 10, loads: 5, chainChanges: 40 },
  { services: 5000, endpoints: 10, loads: 5, chainChanges: 10, goal: '≤ 500 ms' },
  { services: 44_000, endpoints: 3, loads: 1, goal: '≤ 5000 ms', published: 'kube-proxy: 16 min (published)' },
]

/**
 * How long the proxy takes to load everything, and to pass on that one endpoint left or came back, and what that costs:
 * the proxy as it is, on caches that are full, with nft in a network namespace. Next to it a chain for each Service and
 * endpoint, as kube-proxy has it, sent by the same kind of nft as ready text.
 */
export const proxySync: Benchmark = {
  name: 'proxy-sync',
  measures: 'full load, one-endpoint change and memory of the service proxy by number of Services, next to kube-proxy\'s shape',
  async run(say) {
    const figures: Figure[] = []
    for (const each of cases) {
      const size = `${each.services} × ${each.endpoints}`
      const services = world(each)
      const ours = await measureOurs(services, each.loads)
      say(`${size}: loaded in ${ours.load.ms.toFixed(0)} ms, a change takes ${median(ours.change.ms).toFixed(2)} ms`)
      figures.push(...figuresOf(`${size}:`, ours, each), ...ourFigures(`${size}:`, ours))
      if (each.chainChanges === undefined) continue
      const chains = await measureChains(services, each.chainChanges)
      say(`${size}, chains: loaded in ${chains.load.ms.toFixed(0)} ms, a change takes ${median(chains.change.ms).toFixed(0)} ms`)
      figures.push(...figuresOf(`${size}, chains:`, chains), ...ratios(`${size}:`, ours, chains))
    }
    return figures
  },
}

interface Load {
  readonly ms: number
  readonly nftMs: number
  readonly cpu: CpuTime
  readonly peakMegabytes: number
}

interface OurLoad extends Load {
  readonly proxyCpu: CpuTime
}

interface Changes {
  readonly ms: readonly number[]
  /** Of nft, for each change, with what it removes afterwards. */
  readonly cpu: CpuTime
}

interface Measured<L extends Load = Load> {
  readonly load: L
  readonly change: Changes
}

interface Ours extends Measured<OurLoad> {
  readonly heapMegabytes: number
}

async function measureOurs(services: readonly BenchService[], times: number): Promise<Ours> {
  const loads: OurLoad[] = []
  for (let time = 1; time < times; time += 1) loads.push((await withProxy(services, () => Promise.resolve(undefined))).load)
  const { load, change, heapMegabytes } = await withProxy(services, changeOneByOne)
  const middle = (of: (load: OurLoad) => number) => median([...loads, load].map(of))
  return {
    load: {
      ms: middle(({ ms }) => ms),
      nftMs: middle(({ nftMs }) => nftMs),
      cpu: { user: middle(({ cpu }) => cpu.user), system: middle(({ cpu }) => cpu.system) },
      proxyCpu: { user: middle(({ proxyCpu }) => proxyCpu.user), system: middle(({ proxyCpu }) => proxyCpu.system) },
      peakMegabytes: middle(({ peakMegabytes }) => peakMegabytes),
    },
    change,
    heapMegabytes,
  }
}

interface Loaded {
  readonly proxy: Proxy
  readonly nft: MeasuredNft
  readonly slices: TestCache<ReturnType<typeof sliceObject>>
  readonly services: readonly BenchService[]
}

/** Loads everything by a new proxy in a new namespace, then does what is to be done there. */
async function withProxy<T>(services: readonly BenchService[], act: (loaded: Loaded) => Promise<T>) {
  await using network = new TestNetwork()
  const inside = await network.namespace('node')
  await using nft = new MeasuredNft(inside)
  const slices = new TestCache(services.map(sliceObject))
  const troubles: object[] = []
  const log: Log = { ...silentLog, warn: (fields) => troubles.push(fields), error: (fields) => troubles.push(fields) }
  const deps = {
    services: new TestCache(services.map(serviceObject)),
    slices,
    nodes: new TestCache([node()]),
    nft,
    conntrack: conntrackCommand({ processes: realProcesses, netns: inside.path }),
    log,
    clock: systemClock,
    ranges: worldRanges,
    nodeName,
    healthChecks: new RecordedHealthChecks(),
  }
  const heapBefore = usedHeap()
  const [started, cpuBefore] = [performance.now(), cpuOf(process.pid)]
  await using proxy = new Proxy(deps)
  await proxy.settled()
  const ms = performance.now() - started
  const proxyCpu = cpuBetween(cpuBefore, cpuOf(process.pid))
  const load: OurLoad = { ms, nftMs: nft.transactionMs, cpu: nft.cpu, peakMegabytes: nft.peakMegabytes, proxyCpu }
  const heapMegabytes = usedHeap() - heapBefore
  const change = await act({ proxy, nft, slices, services })
  if (troubles.length > 0) throw new Error('the proxy complained, so that its figures are worth nothing', { cause: troubles[0] })
  return { load, heapMegabytes, change }
}

/** An endpoint of one Service after the other leaves, and comes back in the change after. */
async function changeOneByOne({ proxy, nft, slices, services }: Loaded): Promise<Changes> {
  const before = nft.cpu
  const ms: number[] = []
  for (const { after } of changedServices(services, changes)) {
    const changed = sliceObject(after)
    const started = performance.now()
    slices.put(changed)
    await proxy.settled()
    ms.push(performance.now() - started)
  }
  // What was left in place for packets on their way is removed by timers.
  await systemClock.sleep(200)
  await proxy.settled()
  return { ms, cpu: divided(cpuBetween(before, nft.cpu), ms.length) }
}

async function measureChains(services: readonly BenchService[], times: number): Promise<Measured> {
  await using network = new TestNetwork()
  await using nft = new MeasuredNft(await network.namespace('node'))
  const text = kubeProxyRules(services, ownNode.addresses)
  await nft.transaction([{ op: 'load', text }])
  const load: Load = { ms: nft.transactionMs, nftMs: nft.transactionMs, cpu: nft.cpu, peakMegabytes: nft.peakMegabytes }
  // After a large load the session takes a fresh process, which the first change starts and nobody measures.
  await nft.transaction([{ op: 'load', text: `table inet start-of-a-process {\n}` }])
  const cpuBefore = nft.cpu
  const ms: number[] = []
  for (const { before, after } of changedServices(services, times)) {
    const change = kubeProxyChange(before, after)
    const started = performance.now()
    await nft.transaction([{ op: 'load', text: change }])
    ms.push(performance.now() - started)
  }
  return { load, change: { ms, cpu: divided(cpuBetween(cpuBefore, nft.cpu), times) } }
}

function changedServices(services: readonly BenchService[], times: number): { before: BenchService; after: BenchService }[] {
  return Array.from({ length: times }, (_, index) => {
    const whole = services[Math.floor(index / 2) % services.length]
    if (whole === undefined) throw new Error('there are no Services')
    const less = { ...whole, endpoints: whole.endpoints.slice(1) }
    return index % 2 === 0 ? { before: whole, after: less } : { before: less, after: whole }
  })
}

/** Ours stand beside their goals. */
function figuresOf(what: string, { load, change }: Measured, ours?: Case): Figure[] {
  const { goal, published } = ours ?? {}
  const changeGoal = ours === undefined ? {} : { goal: '≤ 1 ms, whatever the size' }
  const beside = { ...(goal === undefined ? {} : { goal }), ...(published === undefined ? {} : { others: published }) }
  return [
    { what: `${what} full load`, value: load.ms, unit: 'ms', ...beside },
    { what: `${what} … nft and the kernel`, value: load.nftMs, unit: 'ms' },
    { what: `${what} … CPU of nft, reading`, value: load.cpu.user, unit: 'ms' },
    { what: `${what} … CPU of nft, in the kernel`, value: load.cpu.system, unit: 'ms' },
    { what: `${what} … nft's memory at most`, value: load.peakMegabytes, unit: 'MB' },
    { what: `${what} one endpoint, p50`, value: median(change.ms), unit: 'ms' },
    { what: `${what} one endpoint, p99`, value: percentile(change.ms, 0.99), unit: 'ms' },
    { what: `${what} … CPU of nft, reading`, value: change.cpu.user, unit: 'ms' },
    { what: `${what} … CPU of nft, in the kernel`, value: change.cpu.system, unit: 'ms', ...changeGoal },
  ]
}

function ourFigures(what: string, { load, heapMegabytes }: Ours): Figure[] {
  return [
    { what: `${what} CPU of the proxy in the full load`, value: total(load.proxyCpu), unit: 'ms' },
    { what: `${what} growth of the proxy's heap`, value: heapMegabytes, unit: 'MB' },
  ]
}

function ratios(what: string, ours: Ours, chains: Measured): Figure[] {
  return [
    { what: `${what} chains take, full load`, value: chains.load.ms / ours.load.ms, unit: '×' },
    // Ours with the making of the text, theirs without.
    {
      what: `${what} chains take, CPU for the full load`,
      value: total(chains.load.cpu) / (total(ours.load.cpu) + total(ours.load.proxyCpu)),
      unit: '×',
    },
    { what: `${what} chains take, memory of nft`, value: chains.load.peakMegabytes / ours.load.peakMegabytes, unit: '×' },
    { what: `${what} chains take, one endpoint`, value: median(chains.change.ms) / median(ours.change.ms), unit: '×' },
    { what: `${what} chains take, CPU for one endpoint`, value: total(chains.change.cpu) / total(ours.change.cpu), unit: '×' },
  ]
}

function total({ user, system }: CpuTime): number {
  return user + system
}

function divided({ user, system }: CpuTime, by: number): CpuTime {
  return { user: user / by, system: system / by }
}

/** After a collection, in megabytes of 10⁶ bytes. */
function usedHeap(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed / 1e6
}
