import { describe, expect, test } from 'vitest'
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { Service } from '../../api/kinds/service.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { silentLog, type Log } from '../../base/log.ts'
import type { SliceVersions } from '../../client/followed-slices.ts'
import { LiveCache } from '../../client/live-cache.ts'
import { FakeConntrack } from '../../kernel/conntrack-fake.ts'
import type { TrackedFlow } from '../../kernel/conntrack.ts'
import { FakeNft } from '../../kernel/nft-fake.ts'
import type { TableListing } from '../../kernel/nft-table-listing.ts'
import { NftError, type Nft, type NftOperation } from '../../kernel/nft.ts'
import { tableName } from './base-rules.ts'
import { pickCode } from './code.ts'
import { Proxy } from './proxy.ts'
import { reached, tableIn } from './test-passing-packets.ts'
import { appliedBy, node, nodeName, ranges, RecordedHealthChecks, service, slice, TestCache, tidied } from './test-objects.ts'

const web = service('web', { clusterIP: '10.96.0.10' })
const dns = service('dns', { clusterIP: '10.96.0.20', ports: [{ port: 53, protocol: 'UDP' }] })
const dnsPorts = [{ port: 5353, protocol: 'UDP' }]

function flow(answeredBy: string, { port = 5353, to = '10.96.0.20', toPort = 53 } = {}): TrackedFlow {
  return { protocol: 'udp', destination: { address: to, port: toPort }, answeredBy: { address: answeredBy, port } }
}

interface Cluster {
  readonly services?: readonly Service[]
  readonly slices?: readonly EndpointSlice[]
}

function parts({ services = [web], slices = [slice('web', ['10.108.1.2'])] }: Cluster = {}) {
  const nft = new FakeNft()
  return {
    services: new TestCache(services),
    slices: new TestCache(slices),
    nodes: new TestCache([node()]),
    nodeName,
    healthChecks: new RecordedHealthChecks(),
    nft,
    conntrack: new FakeConntrack(),
    clock: new ManualClock(),
    log: silentLog,
    ranges,
    held: (set: string) => nft.elements(tableName, set),
  }
}

/** The same nft, some of whose methods may be replaced. */
function standIn(nft: Nft): Nft {
  return {
    transaction: (operations) => nft.transaction(operations),
    elements: (table, set) => nft.elements(table, set),
    listTable: (table) => nft.listTable(table),
    canonical: (text) => nft.canonical(text),
  }
}

/** Lets everything run that does not wait for the clock. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate)
}

/** Lets the time pass until the proxy has looked into the kernel. */
async function inspected(proxy: Proxy, clock: ManualClock): Promise<void> {
  clock.advance(60_000)
  await turns()
  await proxy.settled()
}

describe('start', () => {
  test('waits for both caches, then loads everything at once', async () => {
    const slices = new LiveCache<EndpointSlice>(silentLog)
    const deps = { ...parts(), slices }
    await using proxy = new Proxy(deps)
    const applied = appliedBy(proxy)
    await turns()
    expect(deps.nft.transactions).toEqual([])
    const first = slice('web', ['10.108.1.2'])
    slices.apply([{ key: 'default/web-1', previous: undefined, next: first }])
    slices.markSynced()
    await proxy.settled()
    expect(deps.nft.transactions).toHaveLength(1)
    expect(await deps.held('services')).toEqual([`10.96.0.10 . tcp . 80 : ${pickCode(1, 1)}`])
    expect(await deps.held('slots-1')).toEqual([`${pickCode(1, 1)} . 0 : 10.108.1.2 . 8080`])
    expect([...applied]).toEqual([['default/web-1', first.metadata.resourceVersion]])
  })

  test('a cluster without services has the base rules', async () => {
    const deps = parts({ services: [], slices: [] })
    await using proxy = new Proxy(deps)
    await proxy.settled()
    expect(await deps.held('services')).toEqual([])
  })

  test('replaces the table of an earlier life in one transaction', async () => {
    const deps = parts()
    const stale = `table inet ${tableName} {\n map services { typeof th dport : verdict; }\n chain old { drop; }\n}`
    await deps.nft.transaction([{ op: 'load', text: stale }])
    await using proxy = new Proxy(deps)
    await proxy.settled()
    expect(deps.nft.transactions).toHaveLength(2)
    expect(await deps.nft.listTable(tableName)).not.toContain('chain old')
    expect(await deps.held('services')).toEqual([`10.96.0.10 . tcp . 80 : ${pickCode(1, 1)}`])
  })

  test('forgets UDP entries that no rule would make now', async () => {
    const deps = parts({ services: [dns], slices: [slice('dns', ['10.108.1.2'], { ports: dnsPorts })] })
    const live = flow('10.108.1.2')
    const ended = flow('10.108.1.3')
    const untranslated = flow('10.96.0.20', { port: 53 })
    const ofDeletedService = flow('10.108.1.2', { to: '10.96.0.77' })
    const boundHere = flow('10.96.0.30', { port: 53, to: '10.96.0.30' })
    const elsewhere = flow('192.0.2.9', { to: '192.0.2.1' })
    for (const each of [live, ended, untranslated, ofDeletedService, boundHere, elsewhere]) deps.conntrack.track(each)
    await using proxy = new Proxy(deps)
    await proxy.settled()
    expect(await deps.conntrack.list('udp', 'ipv4')).toEqual([live, boundHere, elsewhere])
  })
})

describe('a table of an earlier life', () => {
  /** The proxy of before has ended; what it loaded is there. */
  async function afterALife(cluster: Cluster = {}) {
    const deps = parts(cluster)
    const earlier = new Proxy(deps)
    await earlier.settled()
    await earlier.stop()
    return { ...deps, transactions: () => deps.nft.transactions.slice(1) }
  }

  test('is taken over: nothing is sent if nothing changed', async () => {
    const deps = await afterALife()
    await using proxy = new Proxy(deps)
    await proxy.settled()
    expect(deps.transactions()).toEqual([])
  })

  test('is brought up to date by what changed while nobody looked', async () => {
    const deps = await afterALife({ services: [web, service('api', { clusterIP: '10.96.0.11' })] })
    deps.services.remove('default/api')
    deps.slices.put(slice('web', ['10.108.1.3']))
    await using proxy = new Proxy(deps)
    await proxy.settled()
    expect(deps.transactions()).toEqual([
      [
        expect.objectContaining({ op: 'delete-elements', set: 'cluster-ips' }),
        expect.objectContaining({ op: 'delete-elements', set: 'hairpin' }),
        expect.objectContaining({ op: 'delete-elements', set: 'services' }),
        expect.objectContaining({ op: 'add-elements', set: 'hairpin' }),
        expect.objectContaining({ op: 'add-elements', set: 'services' }),
        expect.objectContaining({ op: 'add-elements', set: 'slots-1' }),
      ],
    ])
    expect(await deps.held('services')).toEqual([`10.96.0.10 . tcp . 80 : ${pickCode(2, 1)}`])
    const old = `${pickCode(1, 1)} . 0 : 10.108.1.2 . 8080`
    const now = `${pickCode(2, 1)} . 0 : 10.108.1.3 . 8080`
    expect(await deps.held('slots-1')).toEqual([old, now])
    await tidied(proxy, deps.clock)
    expect(await deps.held('slots-1')).toEqual([now])
  })

  test('keeps the clients that it remembers, also when its rules are replaced', async () => {
    const deps = await afterALife()
    const client = { key: '10.108.1.9 . 10.96.0.10 . tcp . 80 timeout 1h expires 30m', value: '0:1' }
    await deps.nft.transaction([{ op: 'add-elements', table: tableName, set: 'affinity', elements: [client] }])
    await using proxy = new Proxy(deps)
    await proxy.settled()
    expect(await deps.held('affinity')).toEqual([`${client.key} : ${client.value}`])
    await deps.nft.transaction([{ op: 'load', text: `table inet ${tableName} {\n chain foreign { drop; }\n}` }])
    await inspected(proxy, deps.clock)
    expect(await deps.nft.listTable(tableName)).not.toContain('foreign')
    expect(await deps.held('affinity')).toEqual(['10.108.1.9 . 10.96.0.10 . tcp . 80 timeout 30m : 0:1'])
  })
})

describe('what somebody else changes in the table', () => {
  for (const { name, change } of [
    { name: 'a missing element', change: [{ op: 'delete-elements', table: tableName, set: 'services', elements: [{ key: '10.96.0.10 . tcp . 80' }] }] },
    { name: 'an element too many', change: [{ op: 'add-elements', table: tableName, set: 'cluster-ips', elements: [{ key: '10.96.9.9' }] }] },
    { name: 'a rule too many', change: [{ op: 'load', text: `table inet ${tableName} {\n chain prerouting { drop; }\n}` }] },
    { name: 'a set too many', change: [{ op: 'load', text: `table inet ${tableName} {\n set foreign { type ipv4_addr; }\n}` }] },
    { name: 'the table itself', change: [{ op: 'delete-table', table: tableName }] },
  ] satisfies { name: string; change: NftOperation[] }[]) {
    test(`is noticed and mended: ${name}`, async () => {
      const warnings: unknown[] = []
      const log: Log = { ...silentLog, warn: (fields) => warnings.push(fields) }
      const deps = { ...parts(), log }
      await using proxy = new Proxy(deps)
      await proxy.settled()
      const right = await deps.nft.listTable(tableName)
      await deps.nft.transaction(change)
      expect(await deps.nft.listTable(tableName)).not.toBe(right)
      await inspected(proxy, deps.clock)
      expect(await deps.nft.listTable(tableName)).toBe(right)
      expect(warnings).toHaveLength(1)
      const sent = deps.nft.transactions.length
      await inspected(proxy, deps.clock)
      expect(deps.nft.transactions).toHaveLength(sent)
    })
  }
})

describe('elements that packets may be about to look for', () => {
  test('stay for a while after what leads to them is gone', async () => {
    const deps = parts()
    await using proxy = new Proxy(deps)
    await proxy.settled()
    deps.slices.put(slice('web', ['10.108.1.2', '10.108.1.3']))
    await proxy.settled()
    expect(await deps.held('services')).toEqual([`10.96.0.10 . tcp . 80 : ${pickCode(2, 2)}`])
    expect(await deps.held('slots-1')).toEqual([`${pickCode(1, 1)} . 0 : 10.108.1.2 . 8080`])
    await tidied(proxy, deps.clock)
    expect(await deps.held('slots-1')).toEqual([])
    expect(await deps.held('slots-2')).toHaveLength(2)
  })
})

describe('the node', () => {
  const onNode = service('web', { clusterIP: '10.96.0.10', type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] })

  test('gets node ports when its addresses are known, and others when they change; its loopback address is known', async () => {
    const deps = { ...parts({ services: [onNode] }), nodes: new TestCache<Node>() }
    await using proxy = new Proxy(deps)
    await proxy.settled()
    const known = ['10.96.0.10 . tcp . 80', '127.0.0.1 . tcp . 30080'].map((frontend) => `${frontend} : ${pickCode(1, 1)}`)
    expect(await deps.held('services')).toEqual(known)
    deps.nodes.put(node())
    await proxy.settled()
    expect(await deps.held('services')).toContain(`192.168.99.11 . tcp . 30080 : ${pickCode(1, 1)}`)
    const moved = node()
    deps.nodes.put({ ...moved, status: { addresses: [{ type: 'InternalIP', address: '192.168.99.12' }] } })
    await proxy.settled()
    expect(await deps.held('services')).toContain(`192.168.99.12 . tcp . 30080 : ${pickCode(1, 1)}`)
    expect(await deps.held('services')).not.toContain(`192.168.99.11 . tcp . 30080 : ${pickCode(1, 1)}`)
  })

  test('that only says again that it is there causes no work', async () => {
    const deps = parts({ services: [onNode] })
    await using proxy = new Proxy(deps)
    await proxy.settled()
    deps.nodes.put(node())
    await proxy.settled()
    expect(deps.nft.transactions).toHaveLength(1)
  })

  test('has health checks of load balancers, with its own ready endpoints', async () => {
    const spec = { clusterIP: '10.96.0.10', type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 32_000 }
    const endpoints = [
      { addresses: ['10.108.1.2'], nodeName },
      { addresses: ['10.108.1.3'], nodeName, conditions: { ready: false, serving: true, terminating: true } },
      { addresses: ['10.108.2.2'], nodeName: 'node-2' },
    ]
    const deps = parts({ services: [service('web', spec)], slices: [slice('web', endpoints)] })
    await using proxy = new Proxy(deps)
    await proxy.settled()
    expect(deps.healthChecks.last).toEqual([{ service: 'default/web', port: 32_000, localEndpoints: 1 }])
    deps.slices.put(slice('web', []))
    await proxy.settled()
    expect(deps.healthChecks.last).toEqual([{ service: 'default/web', port: 32_000, localEndpoints: 0 }])
    deps.services.put(service('web', { ...spec, externalTrafficPolicy: 'Cluster' }))
    await proxy.settled()
    expect(deps.healthChecks.last).toEqual([])
  })
})

describe('a big start', () => {
  /** The nft of the parts, and the table after each transaction. */
  function recorded({ nft }: ReturnType<typeof parts>) {
    const states: TableListing[] = []
    const transaction = async (operations: readonly NftOperation[]) => {
      await nft.transaction(operations)
      states.push(await tableIn(nft))
    }
    return { states, nft: { ...standIn(nft), transaction } }
  }

  function big() {
    const many = Array.from({ length: 4000 }, (_, n) => service(`s${n}`, { clusterIP: `10.96.${n >> 8}.${n & 255}` }))
    const slices = many.map(({ metadata }, n) => slice(metadata.name, [`10.108.${n >> 8}.${n & 255}`]))
    return parts({ services: many, slices })
  }

  test('comes in pieces, none of which leads to what is not there yet', async () => {
    const deps = big()
    const { states, nft } = recorded(deps)
    await using proxy = new Proxy({ ...deps, nft })
    await proxy.settled()
    const led = states.map((state) => [...reached(state, state).values()])
    expect(led.map(({ length }) => length)).toEqual([500, 1000, 1500, 2000, 2500, 3000, 3500, 4000])
    expect(led.flat(2)).not.toContain(undefined)
  })

  test('of more endpoints than go into one transaction leads to them when all are there, whoever shares them', async () => {
    const endpoints = Array.from({ length: 11_000 }, (_, n) => `10.108.${n >> 8}.${n & 255}`)
    const names = ['a', 'b', 'c']
    const deps = parts({
      services: names.map((name, n) => service(name, { clusterIP: `10.96.0.${n}` })),
      slices: names.map((name) => slice(name, endpoints)),
    })
    const { states, nft } = recorded(deps)
    await using proxy = new Proxy({ ...deps, nft })
    await proxy.settled()
    expect(states.length).toBeGreaterThan(3)
    expect(states.flatMap((state) => [...reached(state, state).values()]).flat()).not.toContain(undefined)
    expect(await deps.held('services')).toHaveLength(3)
  })

  test('asks for one piece while nft reads the one before, and for no more', async () => {
    const deps = big()
    const reading = Array.from({ length: 8 }, () => Promise.withResolvers<void>())
    let asked = 0
    const nft = {
      ...standIn(deps.nft),
      async transaction(operations: readonly NftOperation[]) {
        const turn = reading[asked]?.promise
        asked += 1
        await turn
        await deps.nft.transaction(operations)
      },
    }
    await using proxy = new Proxy({ ...deps, nft })
    const seen: number[] = []
    for (const { resolve } of reading) {
      await turns()
      seen.push(asked)
      resolve()
    }
    await proxy.settled()
    expect(seen).toEqual([2, 3, 4, 5, 6, 7, 8, 8])
  })

  test('of which a piece fails is followed by a load of the whole, when what was asked for is done', async () => {
    const deps = big()
    const done: string[] = []
    const nft = {
      ...standIn(deps.nft),
      async transaction(operations: readonly NftOperation[]) {
        const isFailing = done.length === 2
        done.push(operations.some(({ op }) => op === 'delete-table') ? 'everything' : 'a piece')
        await turns()
        if (isFailing) throw new NftError('Error: Could not process rule: No space left on device')
        await deps.nft.transaction(operations)
      },
    }
    await using proxy = new Proxy({ ...deps, nft })
    while (deps.clock.nextTimerMs !== 100) await turns() // until it pauses
    expect(done).toEqual(['a piece', 'a piece', 'a piece', 'a piece'])
    deps.clock.advance(100)
    await proxy.settled()
    expect(done.at(-1)).toBe('everything')
    expect(await deps.held('services')).toHaveLength(4000)
  })
})

describe('changes', () => {
  test('of one turn go into one transaction that holds no more than what changed', async () => {
    const deps = parts()
    await using proxy = new Proxy(deps)
    await proxy.settled()
    deps.services.put(service('api', { clusterIP: '10.96.0.11' }))
    deps.slices.put(slice('api', ['10.108.1.9']), slice('web', ['10.108.1.2', '10.108.1.3']))
    await proxy.settled()
    expect(deps.nft.transactions).toHaveLength(2)
    const operations = deps.nft.transactions[1]?.map((each) => ('set' in each ? `${each.op} ${each.set}` : each.op))
    expect(operations?.sort()).toEqual([
      'add-elements cluster-ips',
      'add-elements hairpin',
      'add-elements picks',
      'add-elements services',
      'add-elements slots-1',
      'add-elements slots-2',
      'delete-elements services',
      'load',
    ])
    const [ofWeb, ofApi] = [`10.96.0.10 . tcp . 80 : ${pickCode(3, 2)}`, `10.96.0.11 . tcp . 80 : ${pickCode(2, 1)}`]
    expect(await deps.held('services')).toEqual([ofWeb, ofApi])
  })

  test('that come during a transaction go into the next', async () => {
    const deps = parts()
    const applying = Promise.withResolvers<void>()
    const slow = {
      ...standIn(deps.nft),
      transaction: async (operations: readonly NftOperation[]) => {
        await applying.promise
        await deps.nft.transaction(operations)
      },
    }
    await using proxy = new Proxy({ ...deps, nft: slow })
    await turns()
    deps.slices.put(slice('web', ['10.108.1.3']))
    await turns()
    deps.slices.put(slice('web', ['10.108.1.4']))
    applying.resolve()
    await proxy.settled()
    expect(deps.nft.transactions).toHaveLength(2)
    expect(await deps.held('services')).toEqual([`10.96.0.10 . tcp . 80 : ${pickCode(2, 1)}`])
    expect(await deps.held('slots-1')).toContain(`${pickCode(2, 1)} . 0 : 10.108.1.4 . 8080`)
  })

  test('without effect on the rules cause no transaction, but count as applied', async () => {
    const deps = parts()
    await using proxy = new Proxy(deps)
    const applied = appliedBy(proxy)
    await proxy.settled()
    const heard: SliceVersions[] = []
    proxy.onApplied((slices) => heard.push(slices))
    const unknown = slice('headless', ['10.108.1.7'])
    const same = slice('web', ['10.108.1.2'])
    deps.slices.put(unknown, same)
    await proxy.settled()
    deps.slices.remove('default/headless-1')
    await proxy.settled()
    expect(deps.nft.transactions).toHaveLength(1)
    expect(heard).toEqual([
      new Map([
        ['default/headless-1', unknown.metadata.resourceVersion],
        ['default/web-1', same.metadata.resourceVersion],
      ]),
      new Map([['default/headless-1', undefined]]),
    ])
    expect([...applied]).toEqual([['default/web-1', same.metadata.resourceVersion]])
  })

  test('of a slice from one Service to another concern both', async () => {
    const deps = parts({ services: [web, service('api', { clusterIP: '10.96.0.11' })] })
    await using proxy = new Proxy(deps)
    await proxy.settled()
    deps.slices.put(slice('api', ['10.108.1.2'], { name: 'web-1' }))
    await proxy.settled()
    expect(await deps.held('services')).toEqual([`10.96.0.11 . tcp . 80 : ${pickCode(1, 1)}`])
    expect(await deps.held('hairpin')).toEqual(['10.108.1.2 . 10.108.1.2'])
  })

  test('that give a UDP port its first endpoint forget entries that lead past it', async () => {
    const deps = parts({ services: [dns], slices: [] })
    await using proxy = new Proxy(deps)
    await proxy.settled()
    deps.slices.put(slice('dns', ['10.108.1.2'], { ports: dnsPorts }))
    await proxy.settled()
    expect(deps.conntrack.forgotten).toEqual([flow('10.96.0.20', { port: 53 })])
  })

  test('forget UDP entries to endpoints that left, and only those, once the rules are in', async () => {
    const before = slice('dns', ['10.108.1.2', '10.108.1.3'], { ports: dnsPorts })
    const deps = parts({ services: [web, dns], slices: [before] })
    await using proxy = new Proxy(deps)
    await proxy.settled()
    deps.slices.put(slice('dns', ['10.108.1.3'], { ports: dnsPorts }), slice('web', ['10.108.1.2']))
    deps.slices.put(slice('web', []))
    await proxy.settled()
    expect(deps.conntrack.forgotten).toEqual([flow('10.108.1.2')])
  })
})

describe('failures', () => {
  test('a failed transaction is followed by a reload of everything, after a while that grows', async () => {
    const messages: unknown[] = []
    const log: Log = { ...silentLog, error: (fields, message) => messages.push({ ...fields, message }) }
    const deps = { ...parts(), log }
    await using proxy = new Proxy(deps)
    const applied = appliedBy(proxy)
    await proxy.settled()
    const refused = new NftError('Error: Could not process rule: File exists')
    deps.nft.failNext(refused)
    deps.nft.failNext(refused)
    expect(deps.healthChecks.isUpToDate).toBe(true)
    const changed = slice('web', ['10.108.1.3'])
    deps.slices.put(changed)
    await turns()
    expect(deps.healthChecks.isUpToDate).toBe(false)
    expect(applied.get('default/web-1')).not.toBe(changed.metadata.resourceVersion)
    deps.clock.advance(100)
    await turns()
    deps.clock.advance(100)
    await turns()
    expect(deps.nft.transactions).toHaveLength(1)
    deps.clock.advance(100)
    await proxy.settled()
    expect(deps.nft.transactions[1]?.map(({ op }) => op).slice(0, 3)).toEqual(['load', 'delete-table', 'load'])
    expect(await deps.held('slots-1')).toEqual([`${pickCode(2, 1)} . 0 : 10.108.1.3 . 8080`])
    expect(applied.get('default/web-1')).toBe(changed.metadata.resourceVersion)
    expect(deps.healthChecks.isUpToDate).toBe(true)
    const message = 'a transaction failed, the whole table will be loaded again'
    expect(messages).toEqual([
      { err: refused, retryInMs: 100, message },
      { err: refused, retryInMs: 200, message },
    ])
  })

  test('remembered clients are left out of a reload that was refused with them', async () => {
    const deps = parts()
    await using proxy = new Proxy(deps)
    await proxy.settled()
    const client = { key: '10.108.1.9 . 10.96.0.10 . tcp . 80 timeout 1h expires 30m', value: '0:1' }
    await deps.nft.transaction([{ op: 'add-elements', table: tableName, set: 'affinity', elements: [client] }])
    const refused = new NftError('Error: Could not process rule: Numerical result out of range')
    deps.nft.failNext(refused)
    deps.nft.failNext(refused)
    deps.slices.put(slice('web', ['10.108.1.3']))
    await turns()
    deps.clock.advance(100)
    await turns()
    expect(await deps.held('affinity')).toHaveLength(1)
    deps.clock.advance(200)
    await proxy.settled()
    expect(await deps.held('affinity')).toEqual([])
    expect(await deps.held('slots-1')).toEqual([`${pickCode(2, 1)} . 0 : 10.108.1.3 . 8080`])
  })

  test('a table that somebody else deleted is made again', async () => {
    const deps = parts()
    await using proxy = new Proxy(deps)
    await proxy.settled()
    await deps.nft.transaction([{ op: 'delete-table', table: tableName }])
    deps.slices.put(slice('web', ['10.108.1.3']))
    await turns()
    deps.clock.advance(100)
    await proxy.settled()
    expect(await deps.held('slots-1')).toEqual([`${pickCode(2, 1)} . 0 : 10.108.1.3 . 8080`])
  })

  test('connection tracking is cleaned again, the rules left as they are, before the slice counts as applied', async () => {
    const deps = parts({ services: [dns], slices: [slice('dns', ['10.108.1.2'], { ports: dnsPorts })] })
    await using proxy = new Proxy(deps)
    const applied = appliedBy(proxy)
    await proxy.settled()
    deps.conntrack.failNext(new Error('netlink'))
    const changed = slice('dns', [], { ports: dnsPorts })
    deps.slices.put(changed)
    await turns()
    expect(applied.get('default/dns-1')).not.toBe(changed.metadata.resourceVersion)
    deps.clock.advance(100)
    await proxy.settled()
    expect(applied.get('default/dns-1')).toBe(changed.metadata.resourceVersion)
    expect(deps.conntrack.forgotten).toEqual([flow('10.108.1.2')])
    expect(deps.nft.transactions).toHaveLength(2)
  })
})

describe('stop', () => {
  test('leaves the rules, hears no more changes, and tells those who wait', async () => {
    const deps = parts()
    const proxy = new Proxy(deps)
    await proxy.settled()
    deps.slices.put(slice('web', ['10.108.1.9']))
    const waiting = proxy.settled().catch(String)
    await proxy.stop()
    expect(await waiting).toContain('stopped')
    deps.slices.put(slice('web', ['10.108.1.8']))
    await turns()
    expect(await deps.held('services')).toEqual([`10.96.0.10 . tcp . 80 : ${pickCode(1, 1)}`])
    expect(deps.nft.transactions).toHaveLength(1)
    await proxy.stop()
  })

  test('does not wait for caches or for a retry', async () => {
    const deps = parts()
    await new Proxy({ ...deps, slices: new LiveCache<EndpointSlice>(silentLog) }).stop()
    deps.nft.failNext(new NftError('no'))
    const proxy = new Proxy(deps)
    await turns()
    await proxy.stop()
    expect(deps.nft.transactions).toEqual([])
  })
})
