import { describe, expect, test, vi } from 'vitest'
import { EndpointSlices, type Endpoint, type EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import { Leases } from '../../api/kinds/lease.ts'
import { Nodes } from '../../api/kinds/node.ts'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import { Services } from '../../api/kinds/service.ts'
import { atRest } from '../../base/at-rest.ts'
import { silentLog } from '../../base/log.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { informer } from '../../client/informer.ts'
import { MemoryClient } from '../../client/memory-client.ts'
import { AppliedRevision, appliedRevisionOf, telling, tellOnNode, type AppliedRevisionDeps } from './applied-revision.ts'
import { EdgeLease, edgeLease, edgeLeaseKey } from './edge-lease.ts'
import { withdrawnPods } from './offers.ts'
import { withDeletions } from './with-deletions.ts'
import { Withdrawals } from './withdrawals.ts'

type Conditions = Endpoint['conditions']

const ready: Conditions = { ready: true, serving: true, terminating: false }
const terminating: Conditions = { ready: false, serving: true, terminating: true }

function endpoint(uid: string, conditions: Conditions = ready, nodeName = 'node-1'): Endpoint {
  return { addresses: ['10.108.1.2'], nodeName, conditions, targetRef: { kind: 'Pod', name: uid, uid } } as Endpoint
}

function slice(endpoints: Endpoint[], name = 'kubia-1') {
  const labels = { 'kubernetes.io/service-name': 'kubia' }
  return { metadata: { namespace: 'default', name, labels }, addressType: 'IPv4', endpoints }
}

/** A ready one that was deleted. */
function pod(uid: string, isReady: 'True' | 'False' = 'True'): Pod {
  const metadata = { namespace: 'default', name: uid, uid, labels: { app: 'kubia' }, deletionTimestamp: '2026-01-01T00:00:30Z' }
  const status = { phase: 'Running', podIP: '10.108.1.2', conditions: [{ type: 'Ready', status: isReady }] }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] }, status } as unknown as Pod
}

test.for<[string, Endpoint[], Endpoint[], string[]]>([
  ['stays ready', [endpoint('a')], [endpoint('a')], []],
  ['terminates', [endpoint('a')], [endpoint('a', terminating)], ['a']],
  ['is no longer ready', [endpoint('a')], [endpoint('a', { ready: false })], ['a']],
  ['is gone', [endpoint('a'), endpoint('b')], [endpoint('b')], ['a']],
  ['comes', [], [endpoint('a')], []],
  ['terminates where the unready are published', [endpoint('a')], [endpoint('a', { ready: true, terminating: true })], ['a']],
  ['was not offered', [endpoint('a', { ready: false })], [endpoint('a', terminating)], []],
  ['has no conditions, which means ready', [endpoint('a', {})], [endpoint('a', terminating)], ['a']],
])('a pod that %s is withdrawn or not', ([, before, after, expected]) => {
  expect(withdrawnPods(slice(before) as unknown as EndpointSlice, slice(after) as unknown as EndpointSlice)).toEqual(expected)
})

/** Nodes that all tell what they apply, when they are let. */
class World implements AsyncDisposable {
  readonly client = new MemoryClient()
  readonly clock = new ManualClock()
  readonly #ending = new AbortController()
  readonly #live = { log: silentLog, clock: this.clock, signal: this.#ending.signal, random: () => 0.5 }
  readonly services = informer(this.client, Services, this.#live)
  readonly slices = informer(this.client, EndpointSlices, this.#live)
  readonly nodes = informer(this.client, Nodes, this.#live)
  readonly leases = informer(this.client, Leases, this.#live)
  readonly pods = informer(this.client, Pods, this.#live)
  readonly running: Promise<void>[] = []

  constructor() {
    this.client.seed(Pods, pod('a'), pod('b'))
  }

  async withdrawals(): Promise<Withdrawals> {
    const withdrawals = new Withdrawals({ ...this, nodeName: 'node-1' })
    await atRest()
    return withdrawals
  }

  node(name: string, status: 'True' | 'Unknown' = 'True'): void {
    this.client.seed(Nodes, { metadata: { name }, spec: {}, status: { conditions: [{ type: 'Ready', status }] } })
  }

  /** That selects the pods. */
  async setService(spec: object = {}): Promise<void> {
    this.client.seed(Services, { metadata: { namespace: 'default', name: 'kubia' }, spec: { selector: { app: 'kubia' }, ...spec } })
    await atRest()
  }

  /** Resolves to the revision that it has. */
  async setSlice(endpoints: Endpoint[], name?: string): Promise<string> {
    const [seeded] = this.client.seed(EndpointSlices, slice(endpoints, name))
    await atRest()
    return seeded?.metadata.resourceVersion ?? ''
  }

  /** What the function returned tells of is taken as applied by the node. */
  follower(nodeName: string): (version: string | undefined) => Promise<void> {
    return this.#teller(tellOnNode(this.client, nodeName))
  }

  /** The same for the edge. */
  edge(): (version: string | undefined) => Promise<void> {
    const { client, clock } = this
    const lease = new EdgeLease({ client, clock, log: silentLog, signal: this.#ending.signal })
    this.running.push(lease.run())
    return this.#teller((revision, signal) => lease.tell(revision, signal))
  }

  #teller(tell: AppliedRevisionDeps['tell']): (version: string | undefined) => Promise<void> {
    const listeners: ((slices: ReadonlyMap<string, string | undefined>) => void)[] = []
    const { slices, clock } = this
    const onApplied = withDeletions(slices, (listener) => void listeners.push(listener))
    const { signal } = this.#ending
    this.running.push(new AppliedRevision({ slices, tell, onApplied, clock, log: silentLog, signal }).run())
    return async (version) => {
      for (const listener of listeners) listener(new Map([['default/kubia-1', version]]))
      await atRest()
    }
  }

  told(name: string): bigint | undefined {
    const node = this.client.peek(Nodes, name)
    return node === undefined ? undefined : appliedRevisionOf(node)
  }

  writes(): number {
    return this.client.calls.filter(({ verb, resource }) => verb === 'patch' && resource === 'nodes').length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort()
    await Promise.all(this.running)
  }
}

describe('a node tells what its data plane applies', () => {
  test('at first, and then when it takes something out of service; other changes cost no write', async () => {
    await using world = new World()
    world.node('node-1')
    const applies = world.follower('node-1')
    const first = await world.setSlice([endpoint('a')])
    await applies(first)
    expect(world.told('node-1')).toBe(BigInt(first))
    await applies(await world.setSlice([endpoint('a'), endpoint('b')]))
    expect(world.told('node-1')).toBe(BigInt(first))
    const third = await world.setSlice([endpoint('a', terminating), endpoint('b')])
    expect(world.told('node-1')).toBe(BigInt(first))
    await applies(third)
    expect(world.told('node-1')).toBe(BigInt(third))
    expect(world.writes()).toBe(2)
  })

  test('later, if the node is not in the API yet', async () => {
    await using world = new World()
    const applies = world.follower('node-1')
    await applies(await world.setSlice([endpoint('a')]))
    world.node('node-1')
    world.clock.advance(world.clock.nextTimerMs ?? 0)
    await atRest()
    expect(world.told('node-1')).toBeGreaterThan(0n)
  })
})

describe('a pod is withdrawn', () => {
  test('once no slice offers it and every ready node that tells has applied that', async () => {
    await using world = new World()
    for (const name of ['node-1', 'node-2', 'node-3']) world.node(name)
    const [first, second] = [world.follower('node-1'), world.follower('node-2')]
    const withdrawals = await world.withdrawals()
    const version = await world.setSlice([endpoint('a')])
    await first(version)
    await second(version)
    expect(withdrawals.waitsFor(pod('a'))).toEqual(['EndpointSlice default/kubia-1'])
    let calls = 0
    withdrawals.follow('a', () => (calls += 1))
    const next = await world.setSlice([endpoint('a', terminating)])
    expect(withdrawals.waitsFor(pod('a'))).toEqual(['node node-1', 'node node-2'])
    await first(next)
    expect(withdrawals.waitsFor(pod('a'))).toEqual(['node node-2'])
    const before = calls
    await second(next)
    expect(withdrawals.waitsFor(pod('a'))).toEqual([])
    expect(calls).toBeGreaterThan(before)
  })

  test('from all slices that offer it', async () => {
    await using world = new World()
    const withdrawals = await world.withdrawals()
    await world.setSlice([endpoint('a')], 'one')
    await world.setSlice([endpoint('a')], 'two')
    await world.setSlice([], 'one')
    expect(withdrawals.waitsFor(pod('a'))).toEqual(['EndpointSlice default/two'])
    await world.client.delete(EndpointSlices, { namespace: 'default', name: 'two' })
    await atRest()
    expect(withdrawals.waitsFor(pod('a'))).toEqual([])
  })

  test('from a slice that is deleted, once the nodes follow that', async () => {
    await using world = new World()
    world.node('node-1')
    const applies = world.follower('node-1')
    const withdrawals = await world.withdrawals()
    await applies(await world.setSlice([endpoint('a')]))
    await world.client.delete(EndpointSlices, { namespace: 'default', name: 'kubia-1' })
    await atRest()
    expect(withdrawals.waitsFor(pod('a'))).toEqual(['node node-1'])
    await applies(undefined)
    expect(withdrawals.waitsFor(pod('a'))).toEqual([])
  })

  test('although a silent node has not applied it', async () => {
    await using world = new World()
    world.node('node-1')
    const applies = world.follower('node-1')
    const withdrawals = await world.withdrawals()
    await applies(await world.setSlice([endpoint('a')]))
    await world.setSlice([endpoint('a', terminating)])
    expect(withdrawals.waitsFor(pod('a'))).toEqual(['node node-1'])
    world.node('node-1', 'Unknown')
    await atRest()
    expect(withdrawals.waitsFor(pod('a'))).toEqual([])
  })

  test('once the edge has applied that, too, as long as the edge lives', async () => {
    await using world = new World()
    const applies = world.edge()
    const withdrawals = await world.withdrawals()
    await applies(await world.setSlice([endpoint('a'), endpoint('b')]))
    let calls = 0
    withdrawals.follow('a', () => (calls += 1))
    const next = await world.setSlice([endpoint('a', terminating), endpoint('b')])
    expect(withdrawals.waitsFor(pod('a'))).toEqual(['the edge'])
    const before = calls
    await applies(next)
    expect(withdrawals.waitsFor(pod('a'))).toEqual([])
    expect(calls).toBeGreaterThan(before)
    for (let seconds = 0; seconds < 60; seconds += 10) {
      world.clock.advance(10_000)
      await atRest()
    }
    const last = await world.setSlice([endpoint('b', terminating)])
    expect(withdrawals.waitsFor(pod('b'))).toEqual(['the edge'])
    expect(world.client.peek(Leases, edgeLeaseKey)).toMatchObject({
      metadata: { annotations: { 'portolan.dev/applied-revision': next } },
      spec: { holderIdentity: 'edge', leaseDurationSeconds: 40, renewTime: '2026-01-01T00:01:00.000000Z' },
    })
    world.client.failNext('patch', Leases, new Error('no connection'))
    await applies(last)
    expect(withdrawals.waitsFor(pod('b'))).toEqual(['the edge'])
    world.clock.advance(20)
    await atRest()
    expect(withdrawals.waitsFor(pod('b'))).toEqual([])
  })

  test('although an edge that lives no more has not applied it', async () => {
    await using world = new World()
    const withdrawals = await world.withdrawals()
    const metadata = { namespace: 'kube-node-lease', name: 'edge', annotations: { 'portolan.dev/applied-revision': '1' } }
    world.client.seed(Leases, { metadata, spec: { leaseDurationSeconds: 40 } })
    await world.setSlice([endpoint('a')])
    await world.setSlice([endpoint('a', terminating)])
    expect(withdrawals.waitsFor(pod('a'))).toEqual(['the edge'])
    world.clock.advance(40_000)
    expect(withdrawals.waitsFor(pod('a'))).toEqual([])
  })

  test('by an agent that was started meanwhile only when the others have applied it', async () => {
    await using world = new World()
    world.node('node-2')
    const applies = world.follower('node-2')
    await applies(await world.setSlice([endpoint('a')]))
    const next = await world.setSlice([endpoint('a', terminating)])
    const withdrawals = await world.withdrawals()
    expect(withdrawals.waitsFor(pod('a'))).toEqual(['node node-2'])
    await applies(next)
    expect(withdrawals.waitsFor(pod('a'))).toEqual([])
  })

  test('only once the slices of each Service show it, if it was deleted as soon as it was ready', async () => {
    await using world = new World()
    await world.setService()
    await world.setSlice([endpoint('b')])
    const withdrawals = await world.withdrawals()
    expect(withdrawals.waitsFor(pod('a'))).toEqual(['Service default/kubia'])
    let calls = 0
    withdrawals.follow('a', () => (calls += 1))
    await world.setSlice([endpoint('a'), endpoint('b')])
    expect(withdrawals.waitsFor(pod('a'))).toEqual(['EndpointSlice default/kubia-1', 'Service default/kubia'])
    await world.setSlice([endpoint('a', terminating), endpoint('b')])
    expect(withdrawals.waitsFor(pod('a'))).toEqual([])
    expect(calls).toBeGreaterThan(0)
  })

  test('and its worker is woken when a slice shows it that never offered it', async () => {
    await using world = new World()
    await world.setService()
    await world.setSlice([])
    const withdrawals = await world.withdrawals()
    let calls = 0
    withdrawals.follow('a', () => (calls += 1))
    await world.setSlice([endpoint('a', terminating)])
    expect(calls).toBe(1)
    expect(withdrawals.waitsFor(pod('a'))).toEqual([])
  })

  test.for<[string, object, Pod]>([
    ['was not ready', {}, pod('a', 'False')],
    ['is not selected', { selector: { app: 'other' } }, pod('a')],
    ['has ended', {}, { ...pod('a'), status: { phase: 'Failed', podIP: '10.108.1.2' } } as Pod],
    ['has no address of the slices’ kind', {}, { ...pod('a'), status: { ...pod('a').status, podIP: 'fd00::2' } } as Pod],
    ['is behind a name', { type: 'ExternalName', externalName: 'example.com' }, pod('a')],
  ])('without waiting for the slices of a Service, if it %s', async ([, spec, leaving]) => {
    await using world = new World()
    await world.setService(spec)
    await world.setSlice([endpoint('b')])
    const withdrawals = await world.withdrawals()
    expect(withdrawals.waitsFor(leaving)).toEqual([])
  })

  test('without waiting for a Service that has no slices, as in a namespace that is being deleted', async () => {
    await using world = new World()
    await world.setService()
    const withdrawals = await world.withdrawals()
    expect(withdrawals.waitsFor(pod('a'))).toEqual([])
  })

  test('and is forgotten with its object, whichever of the two is seen first', async () => {
    await using world = new World()
    const withdrawals = await world.withdrawals()
    await world.setSlice([endpoint('a'), endpoint('b')])
    await world.setSlice([endpoint('b')])
    expect(withdrawals.hasServed('a')).toBe(true)
    for (const name of ['a', 'b']) world.client.unseed(Pods, { namespace: 'default', name })
    await atRest()
    expect(withdrawals.hasServed('a')).toBe(false)
    await world.setSlice([])
    expect(withdrawals.hasServed('b')).toBe(false)
  })

  test('without a look at the slices of Services that do not select it', async () => {
    await using world = new World()
    await world.setService()
    await world.setSlice([endpoint('b')])
    const withdrawals = await world.withdrawals()
    const list = vi.spyOn(world.slices, 'list')
    expect(withdrawals.waitsFor(pod('a'))).toEqual(['Service default/kubia'])
    expect(list).not.toHaveBeenCalled()
  })

  test.for([['of another node', endpoint('a', ready, 'node-2')], ['that no slice has had', endpoint('b')]] as const)(
    'at once if it is one %s',
    async ([, other]) => {
      await using world = new World()
      const withdrawals = await world.withdrawals()
      await world.setSlice([other])
      expect(withdrawals.waitsFor(pod('a'))).toEqual([])
    },
  )
})

test('a renewal of the edge’s Lease leaves the revision alone, which may be a newer one by then', async () => {
  const client = new MemoryClient()
  const clock = new ManualClock()
  const stop = new AbortController()
  const { signal } = stop
  const lease = new EdgeLease({ client, clock, log: silentLog, signal })
  const running = lease.run()
  await lease.tell(5n, signal)
  await client.patch(Leases, edgeLease, { type: 'merge', body: { metadata: { annotations: telling(9n) } } })
  const told = client.peek(Leases, edgeLeaseKey)
  clock.advance(10_000)
  await atRest()
  const renewed = client.peek(Leases, edgeLeaseKey)
  expect(renewed?.spec?.renewTime).not.toBe(told?.spec?.renewTime)
  expect(renewed?.metadata.annotations).toEqual(telling(9n))
  stop.abort()
  await running
})
