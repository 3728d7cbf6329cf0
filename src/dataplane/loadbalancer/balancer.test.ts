import { describe, expect, test } from 'vitest'
import { atRest } from '../../base/at-rest.ts'
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { Service } from '../../api/kinds/service.ts'
import { silentLog } from '../../base/log.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { TestCache } from '../../client/test-cache.ts'
import { FakeProcesses } from '../../kernel/fake-processes.ts'
import { FakeNft } from '../../kernel/nft-fake.ts'
import { LoadBalancer } from './balancer.ts'
import { tableName } from './base-rules.ts'
import { balanced, domain, local, node, slice } from './test-objects.ts'

const web = '203.0.113.10'

/** A load balancer over a kernel in memory. */
class World implements AsyncDisposable {
  readonly clock = new ManualClock()
  readonly nft = new FakeNft()
  readonly services = new TestCache<Service>([balanced('near', web, local(32_001)), balanced('far', '203.0.113.11')])
  readonly slices = new TestCache<EndpointSlice>([slice('near', ['node-1'])])
  readonly nodes = new TestCache<Node>([node(1), node(2)])
  readonly processes = new FakeProcesses(({ command }) => ({ stdout: command.includes('-json') ? '[]' : '' }))
  /** Versions of slices, as connections were said to follow them. */
  readonly followed: string[] = []
  readonly balancer = new LoadBalancer({
    ...this,
    ask: async () => true,
    log: silentLog,
    domain,
    nodesDevice: 'nodes',
  })

  constructor() {
    this.balancer.onApplied((slices) => this.followed.push(...[...slices.values()].map(String)))
  }

  members(): Promise<readonly string[] | undefined> {
    return this.nft.elements(tableName, 'members')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.balancer.stop()
  }
}

describe('slices are followed', () => {
  test('when the kernel has what they change, and at once where they change nothing', async () => {
    await using world = new World()
    await world.balancer.settled()
    const transactions = world.nft.transactions.length
    const idle = slice('far', ['node-1'])
    world.slices.put(idle)
    await world.balancer.settled()
    expect(world.followed.at(-1)).toBe(idle.metadata.resourceVersion)
    expect(world.nft.transactions).toHaveLength(transactions)

    const near = slice('near', ['node-2'])
    world.slices.put(near)
    await world.balancer.settled()
    expect(world.followed.at(-1)).toBe(near.metadata.resourceVersion)
    expect(await world.members()).toContain('0x00007d01 . 0xc0a8630c')
    expect(await world.members()).not.toContain('0x00007d01 . 0xc0a8630b')
    world.slices.remove('default/near-1')
    await world.balancer.settled()
    expect(world.followed.at(-1)).toBe('undefined')
  })

  test('not before a transaction that failed has been made good', async () => {
    await using world = new World()
    await world.balancer.settled()
    world.nft.failNext(new Error('netlink'))
    const near = slice('near', ['node-2'])
    world.slices.put(near)
    await atRest()
    expect(world.followed).not.toContain(near.metadata.resourceVersion)
    world.clock.advance(100)
    await world.balancer.settled()
    expect(world.followed).toContain(near.metadata.resourceVersion)
    expect(await world.members()).toContain('0x00007d01 . 0xc0a8630c')
  })
})

test('heartbeats of nodes, and Services of others, cause no work', async () => {
  await using world = new World()
  await world.balancer.settled()
  const [transactions, runs] = [world.nft.transactions.length, world.processes.calls.length]
  world.nodes.put(node(1), node(2))
  world.services.put(balanced('other', '203.0.113.12', { type: 'NodePort' }))
  await atRest()
  expect([world.nft.transactions.length, world.processes.calls.length]).toEqual([transactions, runs])
})

test('changes of one moment are one transaction, of the elements that change', async () => {
  await using world = new World()
  await world.balancer.settled()
  const transactions = world.nft.transactions.length
  world.services.put(balanced('more', '203.0.113.12'))
  world.services.put(balanced('most', '203.0.113.13'))
  await world.balancer.settled()
  expect(world.nft.transactions.slice(transactions)).toEqual([
    [
      {
        op: 'add-elements',
        table: tableName,
        set: 'frontends',
        elements: ['203.0.113.12', '203.0.113.13'].map((address) => ({ set: 'frontends', key: `${address} . tcp . 80`, value: '0x00000000' })),
      },
    ],
  ])
})

test('one that is stopped lets nobody wait', async () => {
  const world = new World()
  const settled = world.balancer.settled()
  settled.catch(() => undefined)
  await world[Symbol.asyncDispose]()
  await expect(settled).rejects.toThrow('the load balancer was stopped')
  await expect(world.balancer.settled()).rejects.toThrow('the load balancer was stopped')
})
