import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { realProcesses } from '../kernel/real-processes.ts'
import { TestNetwork, type TestNamespace } from '../kernel/test-network.ts'
import type { Recording } from './recording.ts'
import { deliveredFrom, legsOf, record } from './record.ts'
import { parseTarget } from './target.ts'
import { flowText } from './watch/sighting.ts'

/** One node with a client and a server, and a rule in place of a service proxy. */
const client = '10.108.1.2'
const server = '10.108.1.3'
const service = '10.96.0.10'

const rules = `table inet test {
  chain prerouting {
    type nat hook prerouting priority dstnat
    ip daddr ${service} tcp dport 80 dnat ip to ${server}:8080
    ip daddr ${service} udp dport 80 dnat ip to ${server}:5353
  }
  chain hidden {
    type nat hook postrouting priority srcnat
    ct status & dnat != 0 masquerade fully-random
  }
  chain refuse {
    type filter hook prerouting priority dstnat + 10
    ip daddr ${service} tcp dport 81 reject with tcp reset
    ip daddr ${service} tcp dport 82 drop
    ip daddr ${service} udp dport 81 reject
  }
}`

async function withNode(use: (node: TestNamespace, trace: (target: string) => Promise<Recording>) => Promise<void>): Promise<void> {
  await using network = new TestNetwork()
  const node = await network.namespace('node')
  const [from, to] = [await network.pod(node, client), await network.pod(node, server)]
  const peer = await network.peer(to)
  await peer.serve('tcp', 8080)
  await peer.serve('udp', 5353)
  await realProcesses.run(['nft', '-f', '-'], { netns: node.path, input: rules })
  const deps = {
    processes: realProcesses,
    caller: [process.execPath, fileURLToPath(new URL('../main/trace-caller.ts', import.meta.url))] as const,
    pid: process.pid,
    random: Math.random,
  }
  await use(node, (target) => {
    const source = { kind: 'pod' as const, name: 'pod client', node: 'node', netns: from.path }
    return record({ source, target: parseTarget(target), timeoutMs: 1_500 }, [{ name: 'node', netns: node.path }], deps)
  })
}

function flows({ sightings }: Recording): readonly string[] {
  return sightings.map(({ direction, came, went, end }) => `${direction}: ${flowText(came)}, ${flowText(went)}, ${end}`.replaceAll(/:\d{4,5}\b/g, (port) => (port === ':8080' || port === ':5353' ? port : ':*')))
}

test('a translated connection is seen there and back, though nothing of it is the same at its other end', () =>
  withNode(async (_, trace) => {
    const seen = await trace(`tcp://${service}:80`)
    expect(seen.outcome).toMatchObject({ result: 'connected' })
    expect(flows(seen)).toEqual([
      `original: ${client}:* → ${service}:80, 169.254.1.1:* → ${server}:8080, left`,
      `reply: ${server}:8080 → 169.254.1.1:*, ${service}:80 → ${client}:*, left`,
    ])
    const [there, back] = seen.sightings
    expect(there?.matches.map(({ chain, verdict }) => `${chain} ${verdict}`)).toEqual(['prerouting accept', 'hidden accept'])
    expect([there?.flags, back?.flags]).toEqual(['syn', 'syn ack'])
    expect(there?.cameAt).toBe(0)
    expect(there?.wentAt).toBeGreaterThan(0)
    expect(back?.cameAt).toBeGreaterThan(there?.wentAt ?? Infinity)
    expect(seen.tracked.get('node')).toMatchObject({
      state: 'ESTABLISHED',
      isAnswered: true,
      original: { destination: { address: service, port: 80 } },
      reply: { source: { address: server, port: 8080 } },
    })
  }))

test('what is refused by a rule names it, with the reset that came of it', () =>
  withNode(async (_, trace) => {
    const seen = await trace(`tcp://${service}:81`)
    expect(seen.outcome).toMatchObject({ result: 'refused', code: 'ECONNREFUSED' })
    expect(flows(seen)).toEqual([`original: ${client}:* → ${service}:81, ${client}:* → ${service}:81, dropped`, `reply: ${service}:81 → ${client}:*, ${service}:81 → ${client}:*, left`])
    expect(seen.sightings[0]?.matches).toEqual([
      { table: 'test', chain: 'refuse', rule: `ip daddr ${service} tcp dport 81 reject with tcp reset`, verdict: 'drop' },
    ])
    expect(seen.tracked.size).toBe(0)
  }))

test('of what is tried again the last try is told', () =>
  withNode(async (_, trace) => {
    const seen = await trace(`tcp://${service}:82`)
    expect(seen.outcome).toMatchObject({ result: 'timeout' })
    expect(seen.earlierTries).toBeGreaterThan(0)
    expect(flows(seen)).toEqual([`original: ${client}:* → ${service}:82, ${client}:* → ${service}:82, dropped`])
  }))

test('datagrams are followed, too', () =>
  withNode(async (_, trace) => {
    const answered = await trace(`udp://${service}:80`)
    expect(answered.outcome.result).toBe('answered')
    expect(flows(answered)).toEqual([
      `original: ${client}:* → ${service}:80, 169.254.1.1:* → ${server}:5353, left`,
      `reply: ${server}:5353 → 169.254.1.1:*, ${service}:80 → ${client}:*, left`,
    ])
    const refused = await trace(`udp://${service}:81`)
    expect(refused.outcome.result).toBe('refused')
    expect(refused.sightings).toMatchObject([{ end: 'dropped', matches: [{ chain: 'refuse' }] }])
  }))

test('what the kernel has no way for is lost, with no rule to blame', () =>
  withNode(async (_, trace) => {
    const seen = await trace('tcp://198.51.100.1:80')
    expect(seen.outcome.result).toBe('unreachable')
    expect(seen.sightings).toMatchObject([{ end: 'lost', matches: [] }])
  }))

test('of a relay’s connections the one that the request was sent by is told of', () => {
  const end = (address: string, port: number) => ({ address, port })
  const [client, relay, pod] = [end('203.0.113.2', 1), end('192.168.99.1', 2), end('10.108.1.2', 8080)]
  const own = { direction: 'original' as const, came: { source: client, destination: end('203.0.113.3', 80) } }
  const there = { direction: 'original' as const, came: { source: relay, destination: pod } }
  const back = { direction: 'reply' as const, came: { source: pod, destination: relay } }
  const another = { direction: 'original' as const, came: { source: end(relay.address, 3), destination: pod } }
  const all = [another, own, there, back]
  expect(legsOf(all, relay, { server: { name: 's1', source: relay, destination: pod } })).toEqual({ own: [own], relayed: [there, back] })
  expect(legsOf(all, relay, {})).toEqual({ own: [own], relayed: [] })
  expect(legsOf([own], undefined, undefined)).toEqual({ own: [own], relayed: [] })
})

test('a client is known by the address and port that it came with to who took the connection', () => {
  const passage = (source: string, end: 'left' | 'delivered', direction: 'original' | 'reply' = 'original') => ({ direction, end, came: { source: { address: source, port: 1 }, destination: { address: '203.0.113.3', port: 80 } } })
  expect(deliveredFrom([passage('10.108.1.2', 'left'), passage('192.168.99.12', 'delivered'), passage('203.0.113.3', 'delivered', 'reply')])?.address).toBe('192.168.99.12')
  expect(deliveredFrom([passage('10.108.1.2', 'left')])).toBeUndefined()
})

test('nothing is left in the kernel', () =>
  withNode(async (node, trace) => {
    await trace(`tcp://${service}:80`)
    expect(await node.run('nft', 'list', 'tables')).toBe('table inet test\n')
  }))

for (const signal of ['SIGINT', 'SIGKILL'] as const) {
  test(`nothing is left of a trace that ends by ${signal}`, () =>
    withNode(async (node) => {
      const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
      const program = `
        const { Watcher } = await import(${module('watch/watcher.ts')})
        const { realProcesses } = await import(${module('../kernel/real-processes.ts')})
        const rules = 'table inet mine { flags owner; chain any { type filter hook prerouting priority 0; }; }'
        await Watcher.start({ name: 'node', netns: '${node.path}' }, { table: 'mine', rules }, { processes: realProcesses })
        console.log('watching')`
      const tracing = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(tracing.stdout, 'data')
      expect(await node.run('nft', 'list', 'tables')).toContain('table inet mine')
      tracing.kill(signal)
      await expect.poll(() => node.run('nft', 'list', 'tables')).toBe('table inet test\n')
    }))
}
