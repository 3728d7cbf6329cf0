import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { nftCommand } from '../../kernel/nft-command.ts'
import { nftSession } from '../../kernel/nft-session.ts'
import { NftError, type Nft, type NftOperation } from '../../kernel/nft.ts'
import type { RunningProcess } from '../../kernel/processes.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { compileElements, compileNode } from './compile.ts'
import { ipv4 } from './family.ts'
import { servicePorts } from './model.ts'
import { service, slice } from './test-objects.ts'
import { addresses, ownNodes, TestCluster } from './test-cluster-network.ts'
import { asHeld, heldElements, numbering, withoutNumbers } from './test-table.ts'
import { balanced, frontends, outcome, serve, web, webSlice } from './test-web-service.ts'

let cluster: TestCluster
let nft: Nft
let scratchDirectory: string

beforeAll(async () => {
  cluster = await TestCluster.start()
  nft = nftCommand({ processes: realProcesses, netns: cluster.namespace('node-1').path })
  scratchDirectory = await mkdtemp(join(tmpdir(), 'portolan-trouble-'))
}, 60_000)

afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await rm(scratchDirectory, { recursive: true })
}, 60_000)

beforeEach(async () => {
  await cluster.restartProxy('node-1')
  await cluster.clear()
  cluster.troubles.splice(0)
}, 60_000)

/** Whether the kernel of node-1 holds what the caches say, and nothing else. */
async function expectRight(): Promise<void> {
  const node = ownNodes['node-1']
  const ports = servicePorts(cluster.services.list(), cluster.slices.list(), { families: [ipv4], node })
  // What lingers goes when packets on their way have passed.
  const right = withoutNumbers(asHeld([...compileElements(ports, numbering()), ...compileNode(node, [ipv4])]))
  await expect.poll(async () => withoutNumbers(await heldElements(nft)), { timeout: 10_000 }).toEqual(right)
}

const ask = () => outcome(cluster, { from: 'outside', to: 'nodePort of node-1', transport: 'tcp' })
const outside = () => cluster.peer('outside').open(...frontends['nodePort of node-1'])
/** Go into one transaction that takes nft a while. */
const many = Array.from({ length: 400 }, (_, n) => service(`s${n}`, { clusterIP: `10.97.${n >> 8}.${n & 255}` }))
const manySlices = many.map(({ metadata }) => slice(metadata.name, [addresses.a, addresses.b]))

test('a transaction that nft refuses is followed by a reload; connections go on', async () => {
  let refusals = 0
  const refusing: Nft = {
    ...nft,
    async transaction(operations) {
      if (refusals === 0) return nft.transaction(operations)
      refusals -= 1
      throw new NftError('Error: Could not process rule: Device or resource busy')
    },
  }
  await cluster.restartProxy('node-1', { nft: refusing })
  await serve(cluster, balanced, ['a'])
  const say = await outside()
  refusals = 2
  await cluster.put({ slices: [webSlice(['b'])] })
  const message = 'a transaction failed, the whole table will be loaded again'
  expect(cluster.troubles).toMatchObject([{ message }, { message }])
  expect(await ask()).toBe('b sees node-1')
  expect(await say()).toMatchObject({ server: 'a' })
  await expectRight()
  await serve(cluster, balanced, ['a'])
  expect(await ask()).toBe('a sees node-1')
  await expectRight()
})

describe('nft that is killed', () => {
  test.each([{ when: 'before it gets a transaction', isTold: false }, { when: 'in the middle of one', isTold: true }])(
    '$when is started again, and the rules are right',
    async ({ isTold }) => {
      const started: RunningProcess[] = []
      let killAtNextWord = false
      const start: typeof realProcesses.start = (...args) => {
        const process = realProcesses.start(...args)
        const write = (input: string) => {
          process.write(input)
          if (killAtNextWord) process.kill()
          killAtNextWord = false
        }
        started.push(process)
        return { ...process, write }
      }
      const netns = cluster.namespace('node-1').path
      await using session = nftSession({ processes: { ...realProcesses, start }, clock: systemClock, netns, scratchDirectory })
      await cluster.restartProxy('node-1', { nft: session })
      await serve(cluster, balanced, ['a'])
      const say = await outside()
      if (isTold) killAtNextWord = true
      else started.at(-1)?.kill()
      await cluster.put({ services: many, slices: [...manySlices, webSlice(['b'])] })
      expect(started.length).toBe(2)
      expect(await say()).toMatchObject({ server: 'a' })
      expect(await ask()).toBe('b sees node-1')
      await expectRight()
      await cluster.restartProxy('node-1')
    },
    60_000,
  )
})

describe('a proxy that is killed', () => {
  type Fate = (operations: readonly NftOperation[]) => Promise<void>
  test.each<{ when: string; fate: Fate }>([
    { when: 'after a change is in the kernel', fate: (operations) => nft.transaction(operations) },
    { when: 'before a change is in the kernel', fate: () => Promise.resolve() },
  ])('$when is followed by one that takes over; connections go on', async ({ fate }) => {
    const isDone = Promise.withResolvers<void>()
    const never = new Promise<void>(() => undefined)
    let isDying = false
    const deadly: Nft = {
      ...nft,
      async transaction(operations) {
        if (!isDying) return nft.transaction(operations)
        await fate(operations)
        isDone.resolve()
        return never
      },
    }
    await cluster.restartProxy('node-1', { nft: deadly })
    await serve(cluster, balanced, ['a'])
    const say = await outside()
    isDying = true
    cluster.slices.put(webSlice(['b']))
    await isDone.promise
    // The one before hears of no change any more: it waits for its transaction for ever.
    cluster.services.put(web({ ...balanced, externalIPs: [] }))
    const next = cluster.startProxy('node-1')
    await next.settled()
    expect(cluster.troubles).toEqual([])
    await expectRight()
    expect(await say()).toMatchObject({ server: 'a' })
    expect(await ask()).toBe('b sees node-1')
  })
})

describe('a full conntrack table', () => {
  /** The limit is the kernel's, not the namespace's, so that the test cannot lower it; but each counts for itself. */
  const reasonable = 70_000

  test('keeps new connections out, and refusals in; others go on, rules change, and all is well afterwards', async ({ skip }) => {
    const node = cluster.namespace('node-1')
    const max = Number(await node.run('cat', '/proc/sys/net/netfilter/nf_conntrack_max'))
    skip(max === 0 || max > reasonable, `filling ${max} entries takes too long`)
    await serve(cluster, balanced, ['a'])
    const say = await outside()
    const filling = realProcesses.run(['sh', '-c', 'cat | conntrack -R - >/dev/null'], { netns: node.path, input: entries(max) })
    await expect(filling).rejects.toThrow('not enough memory') // there are some already
    const brief = { from: 'outside', to: 'nodePort of node-1', transport: 'tcp', patienceMs: 500 } as const
    expect(await outcome(cluster, brief)).toBe('no answer')
    expect(await say()).toMatchObject({ server: 'a' })
    await cluster.put({ slices: [webSlice([])] })
    expect(await outcome(cluster, brief)).toBe('no answer')
    await cluster.put({ slices: [webSlice(['b'])] })
    expect(cluster.troubles).toEqual([])
    await expectRight()
    await node.run('conntrack', '-D', '-s', '198.18.0.0/15')
    expect(await say()).toMatchObject({ server: 'a' })
    expect(await ask()).toBe('b sees node-1')
  }, 60_000)

  /** Orders for `conntrack -R`: assured, so that the kernel does not give them up for new ones. */
  function entries(count: number): string {
    const order = (n: number) =>
      `-I -p udp -s 198.18.${(n >> 8) & 255}.${n & 255} -d 198.19.0.1 --sport ${1000 + (n >> 16)} --dport 9 -t 600 -u ASSURED,SEEN_REPLY\n`
    return Array.from({ length: count }, (_, n) => order(n)).join('')
  }
})
