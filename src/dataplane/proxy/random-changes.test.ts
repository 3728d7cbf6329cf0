import assert from 'node:assert/strict'
import {
  array,
  asyncProperty,
  check,
  constant,
  constantFrom,
  integer,
  oneof,
  record,
  tuple,
  uniqueArray,
  type Arbitrary,
} from 'fast-check'
import { expect, test } from 'vitest'
import type { Endpoint, EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Service } from '../../api/kinds/service.ts'
import { silentLog, type Log } from '../../base/log.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { FakeConntrack } from '../../kernel/conntrack-fake.ts'
import { nftCommand } from '../../kernel/nft-command.ts'
import { FakeNft } from '../../kernel/nft-fake.ts'
import type { Nft } from '../../kernel/nft.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { TestNetwork } from '../../kernel/test-network.ts'
import { compileElements, compileNode } from './compile.ts'
import { ipv4 } from './family.ts'
import { servicePorts } from './model.ts'
import { Proxy } from './proxy.ts'
import { node, nodeName, ownNode, ranges, RecordedHealthChecks, service, slice, TestCache, tidied } from './test-objects.ts'
import { asHeld, heldElements } from './test-table.ts'

interface World {
  readonly services: TestCache<Service>
  readonly slices: TestCache<EndpointSlice>
}

type Act = (world: World) => void

const name = constantFrom('a', 'b', 'c', 'd')
const sliceName = constantFrom('1', '2', '3', '4', '5')
/** Fewer addresses than Services, so that they dispute some, and endpoints that several share. */
const clusterIP = constantFrom('10.96.0.1', '10.96.0.2', '10.96.0.3', 'None')
const port = record({ name: constantFrom('x', 'y'), port: constantFrom(80, 81), protocol: constantFrom('TCP', 'UDP') })
const ports = uniqueArray(port, { selector: ({ port: number, protocol }) => `${number} ${protocol}`, maxLength: 3 })
const slicePorts = uniqueArray(port, { selector: (of) => `${of.name} ${of.protocol}`, maxLength: 4 })
const endpoint: Arbitrary<Endpoint> = record({
  addresses: integer({ min: 1, max: 6 }).map((host) => [`10.108.1.${host}`]),
  nodeName: constantFrom(nodeName, 'node-2'),
  conditions: constantFrom({}, { ready: true }, { ready: false }, { ready: false, serving: true, terminating: true }),
})
const foreign = { 'service.kubernetes.io/service-proxy-name': 'other' }
const labels = oneof({ weight: 9, arbitrary: constant({}) }, constant(foreign))
const sticky = (timeoutSeconds: number) => ({
  sessionAffinity: 'ClientIP',
  sessionAffinityConfig: { clientIP: { timeoutSeconds } },
})
const affinity = constantFrom({}, {}, {}, sticky(60), sticky(90))

const spec = record({ clusterIP, ports, stay: affinity }).map(({ stay, ...rest }) => ({ ...rest, ...stay }))
const putService: Arbitrary<Act> = tuple(name, spec, labels).map(
  ([its, says, marks]) => ({ services }) => services.put(service(its, says, marks)),
)
const putSlice: Arbitrary<Act> = tuple(name, sliceName, array(endpoint, { maxLength: 5 }), slicePorts).map(
  ([owner, its, endpoints, list]) => ({ slices }) => slices.put(slice(owner, endpoints, { name: its, ports: list })),
)
const removeService: Arbitrary<Act> = name.map((its) => ({ services }) => services.remove(`default/${its}`))
const removeSlice: Arbitrary<Act> = sliceName.map((its) => ({ slices }) => slices.remove(`default/${its}`))
const act = oneof(
  { weight: 3, arbitrary: putService },
  { weight: 5, arbitrary: putSlice },
  { weight: 1, arbitrary: removeService },
  { weight: 1, arbitrary: removeSlice },
)
/** Several acts of one turn make one transaction. */
const turns = (length: number) =>
  array(array(act, { minLength: 1, maxLength: 3 }), { minLength: length, maxLength: length, size: 'max' })

/** Whether the kernel always held what compiling everything anew gives, with no transaction refused. */
async function play(nft: Nft, acts: readonly (readonly Act[])[]): Promise<void> {
  const trouble = Promise.withResolvers<never>()
  const log: Log = { ...silentLog, warn: trouble.reject, error: trouble.reject }
  const world = { services: new TestCache<Service>(), slices: new TestCache<EndpointSlice>() }
  const conntrack = new FakeConntrack()
  const clock = new ManualClock()
  const nodes = new TestCache([node()])
  const healthChecks = new RecordedHealthChecks()
  await using proxy = new Proxy({ ...world, nodes, nft, conntrack, log, clock, ranges, nodeName, healthChecks })
  for (const turn of acts) {
    for (const change of turn) change(world)
    await Promise.race([proxy.settled().then(() => tidied(proxy, clock)), trouble.promise])
    const ports = servicePorts(world.services.list(), world.slices.list(), { families: [ipv4], node: ownNode })
    assert.deepEqual(await heldElements(nft), asHeld([...compileElements(ports), ...compileNode(ownNode, [ipv4])]))
    const seen = world.slices.list().map(({ metadata }) => [`default/${metadata.name}`, metadata.resourceVersion])
    assert.deepEqual([...proxy.applied].sort(), seen.sort())
  }
}

test('hundreds of random changes leave the fake with what compiling anew gives', async () => {
  const plays = asyncProperty(turns(20), (acts) => play(new FakeNft(), acts))
  expect(await check(plays, { numRuns: 60 })).toMatchObject({ failed: false })
})

test('so it is in the kernel', async () => {
  await using network = new TestNetwork()
  const { path } = await network.namespace('node')
  const nft = nftCommand({ processes: realProcesses, netns: path })
  const plays = asyncProperty(turns(60), (acts) => play(nft, acts))
  expect(await check(plays, { numRuns: 4, endOnFailure: true })).toMatchObject({ failed: false })
})
