import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Endpoint, EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Service } from '../../api/kinds/service.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLog, type Log } from '../../base/log.ts'
import { FakeConntrack } from '../../kernel/conntrack-fake.ts'
import { nftCommand } from '../../kernel/nft-command.ts'
import { FakeNft } from '../../kernel/nft-fake.ts'
import type { Nft } from '../../kernel/nft.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { TestNetwork } from '../../kernel/test-network.ts'
import { compileElements } from './compile.ts'
import { ipv4 } from './family.ts'
import { servicePorts } from './model.ts'
import { Proxy } from './proxy.ts'
import { ranges, service, slice, TestCache } from './test-objects.ts'
import { asHeld, heldElements } from './test-table.ts'

interface World {
  readonly services: TestCache<Service>
  readonly slices: TestCache<EndpointSlice>
}

type Act = (world: World) => void

const names = ['a', 'b', 'c', 'd']
const name = fc.constantFrom(...names)
/** Fewer addresses than Services, so that they dispute some, and endpoints that several share. */
const clusterIP = fc.constantFrom('10.96.0.1', '10.96.0.2', '10.96.0.3', 'None')
const port = fc.record({ name: fc.constantFrom('x', 'y'), port: fc.constantFrom(80, 81), protocol: fc.constantFrom('TCP', 'UDP') })
const ports = fc.uniqueArray(port, { selector: ({ port: number, protocol }) => `${number} ${protocol}`, maxLength: 3 })
const conditions = fc.constantFrom({}, { ready: true }, { ready: false }, { ready: false, serving: true, terminating: true })
const endpoint: fc.Arbitrary<Endpoint> = fc.record({
  addresses: fc.integer({ min: 1, max: 6 }).map((host) => [`10.108.1.${host}`]),
  conditions,
})
const labels = fc.oneof({ weight: 9, arbitrary: fc.constant({}) }, fc.constant({ 'service.kubernetes.io/service-proxy-name': 'other' }))
const sessionAffinity = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ sessionAffinity: 'None' }) },
  fc.constantFrom(60, 90).map((timeoutSeconds) => ({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds } } })),
)

const putService: fc.Arbitrary<Act> = fc
  .tuple(name, clusterIP, ports, labels, sessionAffinity)
  .map(([its, address, list, marks, affinity]) => ({ services }) => {
    services.put(service(its, { clusterIP: address, ports: list, ...affinity }, marks))
  })
const putSlice: fc.Arbitrary<Act> = fc
  .tuple(name, fc.constantFrom('1', '2', '3', '4', '5'), fc.array(endpoint, { maxLength: 5 }), fc.uniqueArray(port, { selector: ({ name: of, protocol }) => `${of} ${protocol}`, maxLength: 4 }))
  .map(([owner, its, endpoints, list]) => ({ slices }) => slices.put(slice(owner, endpoints, { name: its, ports: list })))
const removeService: fc.Arbitrary<Act> = name.map((its) => ({ services }) => services.remove(`default/${its}`))
const removeSlice: fc.Arbitrary<Act> = fc.constantFrom('1', '2', '3', '4', '5').map((its) => ({ slices }) => slices.remove(`default/${its}`))
const act = fc.oneof({ weight: 3, arbitrary: putService }, { weight: 5, arbitrary: putSlice }, removeService, removeSlice)
/** Several acts of one turn make one transaction. */
const turns = (length: number) =>
  fc.array(fc.array(act, { minLength: 1, maxLength: 3 }), { minLength: length, maxLength: length, size: 'max' })

/** After each turn the kernel must hold what compiling everything anew would give, and no transaction may have failed. */
async function play(nft: Nft, acts: readonly (readonly Act[])[]): Promise<void> {
  const troubles: object[] = []
  const log: Log = { ...silentLog, warn: (fields) => troubles.push(fields), error: (fields) => troubles.push(fields) }
  const world = { services: new TestCache<Service>(), slices: new TestCache<EndpointSlice>() }
  await using proxy = new Proxy({ ...world, nft, conntrack: new FakeConntrack(), log, clock: systemClock, ranges })
  await proxy.settled()
  for (const turn of acts) {
    for (const change of turn) change(world)
    await proxy.settled()
    const anew = compileElements(servicePorts(world.services.list(), world.slices.list(), [ipv4]))
    expect(await heldElements(nft)).toEqual(asHeld(anew))
    expect(troubles).toEqual([])
    expect([...proxy.applied.keys()].sort()).toEqual(world.slices.list().map(({ metadata }) => `default/${metadata.name}`).sort())
  }
}

test('hundreds of random changes leave the fake with what compiling anew gives', async () => {
  await fc.assert(fc.asyncProperty(turns(20), (acts) => play(new FakeNft(), acts)), { numRuns: 60 })
})

test('so it is in the kernel', async () => {
  await using network = new TestNetwork()
  const { path } = await network.namespace('node')
  const nft = nftCommand({ processes: realProcesses, netns: path })
  await fc.assert(fc.asyncProperty(turns(60), (acts) => play(nft, acts)), { numRuns: 3, endOnFailure: true })
})
