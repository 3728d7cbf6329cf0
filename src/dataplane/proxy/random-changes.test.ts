import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import {
  array,
  assert as assertProperty,
  asyncProperty,
  constant,
  constantFrom,
  integer,
  oneof,
  record,
  subarray,
  tuple,
  uniqueArray,
  type Arbitrary,
} from 'fast-check'
import { expect, test } from 'vitest'
import type { Endpoint, EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { Service, ServiceSpec } from '../../api/kinds/service.ts'
import { serviceOf } from '../../api/kinds/service-endpoints.ts'
import { keyOf } from '../../api/object.ts'
import { silentLog, type Log } from '../../base/log.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { FakeConntrack } from '../../kernel/conntrack-fake.ts'
import { nftCommand } from '../../kernel/nft-command.ts'
import { FakeNft } from '../../kernel/nft-fake.ts'
import type { TableListing } from '../../kernel/nft-table-listing.ts'
import type { Nft, NftOperation } from '../../kernel/nft.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { TestNetwork } from '../../kernel/test-network.ts'
import { compileElements, compileNode } from './compile.ts'
import type { OwnNode } from './own-node.ts'
import { ipv4 } from './family.ts'
import { healthCheckOf, type HealthCheck } from './health-check.ts'
import { servicePorts, type Viewpoint } from './model.ts'
import { Proxy } from './proxy.ts'
import { appliedBy, node, nodeName, ownNode, ranges, RecordedHealthChecks, service, slice, TestCache, tidied } from './test-objects.ts'
import { codesIn, reached, tableIn, type Codes, type Reached } from './test-passing-packets.ts'
import { asHeld, heldElements, numbering, withoutNumbers } from './test-table.ts'

interface World {
  readonly services: TestCache<Service>
  readonly slices: TestCache<EndpointSlice>
  readonly nodes: TestCache<Node>
  own: OwnNode
}

type Act = (world: World) => void

const name = constantFrom('a', 'b', 'c', 'd')
const sliceName = constantFrom('1', '2', '3', '4', '5')
/** Fewer addresses than Services, so that they dispute some, and endpoints that several share. */
const clusterIP = constantFrom('10.96.0.1', '10.96.0.2', '10.96.0.3', 'None')
const port = record({ name: constantFrom('x', 'y'), port: constantFrom(80, 81), protocol: constantFrom('TCP', 'UDP', 'SCTP') })
/** Node ports may be disputed, too. */
const servicePort = tuple(port, constantFrom({}, { nodePort: 30_080 }, { nodePort: 30_081 })).map(([its, rest]) => ({ ...its, ...rest }))
const ports = uniqueArray(servicePort, { selector: ({ port: number, protocol }) => `${number} ${protocol}`, maxLength: 3 })
const slicePorts = uniqueArray(port, { selector: (of) => `${of.name} ${of.protocol}`, maxLength: 4 })
const endpoint: Arbitrary<Endpoint> = record({
  addresses: integer({ min: 1, max: 6 }).map((host) => [`10.108.1.${host}`]),
  nodeName: constantFrom(nodeName, 'node-2'),
  conditions: constantFrom({}, { ready: true }, { ready: false }, { ready: false, serving: true, terminating: true }),
  hints: constantFrom({}, { forZones: [{ name: 'a' }] }, { forZones: [{ name: 'b' }], forNodes: [{ name: nodeName }] }),
})
const foreign = { 'service.kubernetes.io/service-proxy-name': 'other' }
const labels = oneof({ weight: 9, arbitrary: constant({}) }, constant(foreign))
const sticky = (timeoutSeconds: number) => ({
  sessionAffinity: 'ClientIP',
  sessionAffinityConfig: { clientIP: { timeoutSeconds } },
})
const affinity = constantFrom({}, {}, {}, sticky(60), sticky(90))

const traffic = record({
  type: constantFrom('ClusterIP', 'NodePort', 'LoadBalancer', 'LoadBalancer'),
  externalTrafficPolicy: constantFrom('Cluster', 'Local'),
  internalTrafficPolicy: constantFrom('Cluster', 'Cluster', 'Local'),
  externalIPs: subarray(['198.51.100.1', '198.51.100.2']),
  loadBalancerSourceRanges: subarray(['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.2.3/16', '10.1.2.3', '10.1.2.3/32', '203.0.113.0/24', 'fd00::/8']),
  healthCheckNodePort: constantFrom(32_000, 32_001),
})
const ingress = subarray(['198.51.100.1', '198.51.100.3']).map((all) => ({ loadBalancer: { ingress: all.map((ip) => ({ ip })) } }))

const spec = record({ clusterIP, ports, stay: affinity, traffic }).map(({ clusterIP, ports, stay, traffic }): Partial<ServiceSpec> => {
  return { clusterIP, ports, ...traffic, ...stay }
})
const putService: Arbitrary<Act> = tuple(name, spec, labels, ingress).map(
  ([its, says, marks, status]) => ({ services }) => services.put({ ...service(its, says, marks), status }),
)
const putSlice: Arbitrary<Act> = tuple(name, sliceName, array(endpoint, { maxLength: 5 }), slicePorts).map(
  ([owner, its, endpoints, list]) => ({ slices }) => slices.put(slice(owner, endpoints, { name: its, ports: list })),
)
const removeService: Arbitrary<Act> = name.map((its) => ({ services }) => services.remove(`default/${its}`))
const removeSlice: Arbitrary<Act> = sliceName.map((its) => ({ slices }) => slices.remove(`default/${its}`))
const own: Arbitrary<OwnNode> = record({
  addresses: constantFrom(['192.168.99.11'], ['192.168.99.11', '192.168.99.21'], ['192.168.99.21'], []),
  podRanges: constantFrom(['10.108.1.0/24'], ['10.108.1.0/24', '10.108.7.0/25'], []),
  zone: constantFrom('a', 'b'),
}).map((its) => ({ ...its, name: nodeName }))
const putNode: Arbitrary<Act> = own.map((its) => (world) => {
  world.own = its
  world.nodes.put(node(its))
})
const act = oneof(
  { weight: 3, arbitrary: putService },
  { weight: 5, arbitrary: putSlice },
  { weight: 1, arbitrary: removeService },
  { weight: 1, arbitrary: removeSlice },
  { weight: 1, arbitrary: putNode },
)
/** Several acts of one turn make one transaction. */
const turns = (length: number) =>
  array(array(act, { minLength: 1, maxLength: 3 }), { minLength: length, maxLength: length, size: 'max' })

/**
 * Looks at what becomes of packets that make their two lookups, how many endpoints and then which, before and after
 * transactions: fails when one finds no endpoint, or one that the frontend never led to meanwhile.
 */
class WatchedNft implements Nft {
  readonly elements: Nft['elements']
  readonly canonical: Nft['canonical']
  readonly #nft: Nft
  /** The table before transactions, in which packets may have looked that are still on their way. */
  #recent: TableListing[] = []
  #older: TableListing[] = []
  #looks = 0

  constructor(nft: Nft) {
    this.#nft = nft
    this.elements = (table, set) => nft.elements(table, set)
    this.canonical = (text) => nft.canonical(text)
  }

  /** How often somebody began to look at the table. */
  get looks(): number {
    return this.#looks
  }

  /** As much time goes by as packets may need. */
  letPacketsPass(): void {
    this.#older = this.#recent
    this.#recent = []
  }

  async transaction(operations: readonly NftOperation[]): Promise<void> {
    this.#recent.push(await tableIn(this.#nft))
    await this.#nft.transaction(operations)
    const now = await tableIn(this.#nft)
    const states = [...this.#older, ...this.#recent, now]
    const led = states.map((state) => ({ codes: codesIn(state), endpoints: reached(state, state) }))
    for (const [index, state] of states.entries()) {
      for (const [frontend, endpoints] of reached(state, now)) {
        const right = rightEndpoints(frontend, led.slice(index))
        const wrong = endpoints.filter((endpoint) => endpoint === undefined || !right.includes(endpoint))
        assert.deepEqual(wrong, [], `a packet to ${frontend} was led to somebody else's endpoint, or to none`)
      }
    }
  }

  listTable(table: string): Promise<string | undefined> {
    this.#looks += 1
    return this.#nft.listTable(table)
  }
}

interface Led {
  readonly codes: Codes
  readonly endpoints: Reached
}

/**
 * Where a packet may be led that looked a frontend up in the first state: where the frontend led to then or later; and
 * where others led to that had the same code then and have it still, because they are of the same Service: the frontend
 * may have been given to another one meanwhile.
 */
function rightEndpoints(frontend: string, [first, ...later]: readonly Led[]): readonly (string | undefined)[] {
  if (first === undefined) return []
  const code = first.codes.get(frontend)
  const siblings = [...first.codes].filter(([, its]) => its === code).map(([its]) => its)
  const own = [first, ...later].flatMap(({ endpoints }) => endpoints.get(frontend) ?? [])
  const shared = later.flatMap(({ codes, endpoints }) =>
    siblings.filter((sibling) => codes.get(sibling) === code).flatMap((sibling) => endpoints.get(sibling) ?? []),
  )
  return [...own, ...shared]
}

/**
 * Whether the kernel always held what compiling everything anew gives, with no transaction refused, and no inspection
 * finding anything to mend; also when the proxy is started anew now and then, and changes come in between.
 */
async function play(nft: WatchedNft, acts: readonly (readonly Act[])[]): Promise<void> {
  const trouble = Promise.withResolvers<never>()
  const log: Log = { ...silentLog, warn: trouble.reject, error: trouble.reject }
  const caches = { services: new TestCache<Service>(), slices: new TestCache<EndpointSlice>(), nodes: new TestCache([node()]) }
  const world: World = { ...caches, own: ownNode }
  const clock = new ManualClock()
  const healthChecks = new RecordedHealthChecks()
  const start = () => new Proxy({ ...caches, nft, conntrack: new FakeConntrack(), log, clock, ranges, nodeName, healthChecks })
  const packetsPassing = {
    advance: (ms: number) => {
      nft.letPacketsPass()
      clock.advance(ms)
    },
  }
  let proxy = start()
  let applied = appliedBy(proxy)
  try {
    for (const [index, turn] of acts.entries()) {
      const isRestart = index % 8 === 7
      if (isRestart) await proxy.stop()
      for (const change of turn) change(world)
      if (isRestart) {
        proxy = start()
        applied = appliedBy(proxy)
      }
      await Promise.race([proxy.settled(), trouble.promise])
      if (index % 3 === 0) continue // more may come before packets have passed
      await Promise.race([tidied(proxy, packetsPassing), trouble.promise])
      await expectRight({ nft, world, applied, healthChecks })
      if (index % 10 === 8) await Promise.race([inspected(proxy, clock, nft), trouble.promise])
    }
  } finally {
    await proxy.stop()
  }
}

interface Seen {
  readonly nft: Nft
  readonly world: World
  readonly applied: ReadonlyMap<string, string>
  readonly healthChecks: RecordedHealthChecks
}

async function expectRight({ nft, world, applied, healthChecks }: Seen): Promise<void> {
  const viewpoint = { families: [ipv4], node: world.own }
  const ports = servicePorts(world.services.list(), world.slices.list(), viewpoint)
  const wanted = [...compileElements(ports, numbering()), ...compileNode(world.own, [ipv4])]
  assert.deepEqual(withoutNumbers(await heldElements(nft)), withoutNumbers(asHeld(wanted)))
  assert.deepEqual(sorted(healthChecks.last), sorted(checksOf(world, viewpoint)))
  const seen = world.slices.list().map(({ metadata }) => [`default/${metadata.name}`, metadata.resourceVersion])
  assert.deepEqual([...applied].sort(), seen.sort())
}

/** Lets the time pass until the proxy has looked into the kernel, and mended what it found. */
async function inspected(proxy: Proxy, clock: ManualClock, nft: WatchedNft): Promise<void> {
  const { looks } = nft
  clock.advance(60_000)
  while (nft.looks === looks || clock.nextTimerMs === undefined) await setImmediate()
  await proxy.settled()
}

function checksOf({ services, slices }: World, viewpoint: Viewpoint): HealthCheck[] {
  return services
    .list()
    .map((each) => healthCheckOf(each, slices.list().filter((of) => serviceOf(of) === keyOf(each)), viewpoint))
    .filter((check) => check !== undefined)
}

function sorted(checks: readonly HealthCheck[]): HealthCheck[] {
  return checks.toSorted((a, b) => (a.service < b.service ? -1 : 1))
}

test('hundreds of random changes leave the fake with what compiling anew gives', async () => {
  const plays = asyncProperty(turns(20), (acts) => play(new WatchedNft(new FakeNft()), acts))
  await expect(assertProperty(plays, { numRuns: 60 })).resolves.toBeUndefined()
})

test('so it is in the kernel', async () => {
  await using network = new TestNetwork()
  const { path } = await network.namespace('node')
  const nft = nftCommand({ processes: realProcesses, netns: path })
  const plays = asyncProperty(turns(60), (acts) => play(new WatchedNft(nft), acts))
  await expect(assertProperty(plays, { numRuns: 4, endOnFailure: true })).resolves.toBeUndefined()
}, 60_000)
