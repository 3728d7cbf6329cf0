import { decode, encode, type Answer, type Packet } from 'dns-packet'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { EncodedAnswers } from './encoded-answers.ts'
import { LiveZone } from './live-zone.ts'
import { parseQuery } from './query.ts'
import { resolver, type Resolver } from './resolver.ts'
import { apply, candidateNames, change } from './test-changes.ts'
import { exampleCaches, TestCaches } from './test-zone.ts'

const options = { clusterDomain: 'cluster.local', ttlSeconds: 5, podRecords: 'verified' } as const
const forwarder = { exchange: async () => ({ outcome: 'nowhere' }) as const, close() {} }

/** Every share in turn. */
let asked = 0
const random = () => (asked++ % 97) / 97

function resolverOf(zone: LiveZone, encoded = new EncodedAnswers(zone)): Resolver {
  return resolver({ zone, forwarder, options, encoded, patience: Promise.resolve(), random })
}

type TypeName = 'A' | 'AAAA' | 'SRV' | 'PTR' | 'TXT' | 'SOA'

function query(name: string, type: TypeName = 'A', packet: Packet = {}): Buffer {
  return encode({ type: 'query', id: 1, flags: 0x0100, questions: [{ type, name }], ...packet })
}

const opt: Answer = { type: 'OPT', name: '.', udpPayloadSize: 1232, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }

const cookie: Answer = { ...opt, options: [{ code: 10, data: Buffer.alloc(8) }] } as never

/** What a reply says, without the order of its answers. */
function contentOf(reply: ReturnType<Resolver>): unknown {
  if (reply === undefined || reply instanceof Promise) return 'not at once'
  const { answers = [], ...rest } = decode(reply.packet)
  return { ...rest, answers: answers.map((answer) => JSON.stringify(answer)).sort(), topic: reply.topic }
}

function addressesIn(reply: ReturnType<Resolver>): string[] {
  if (reply === undefined || reply instanceof Promise) throw new Error('no reply at once')
  return (decode(reply.packet).answers ?? []).map((answer: Answer) => ('data' in answer ? String(answer.data) : ''))
}

test('an answer that is kept is the one that would be made, whatever changes in between', () => {
  const names = candidateNames()
  const step = fc.record({ change, asked: fc.array(fc.record({ name: fc.constantFrom(...names), type: fc.constantFrom<TypeName[]>('A', 'SRV', 'SOA', 'TXT'), edns: fc.boolean() }), { maxLength: 12 }) })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 15 }), (steps) => {
      const caches = new TestCaches()
      caches.markSynced()
      const zone = new LiveZone(caches)
      const keeping = resolverOf(zone)
      const everything = steps.flatMap(({ asked }) => asked)
      for (const { change } of steps) {
        apply(caches, change)
        for (const { name, type, edns } of everything) {
          const packet = query(name, type, edns ? { additionals: [opt] } : {})
          keeping(packet, 'udp')
          expect(contentOf(keeping(packet, 'udp'))).toEqual(contentOf(resolverOf(zone)(packet, 'udp')))
        }
      }
    }),
    { numRuns: 30 },
  )
})

const headless = 'headless.default.svc.cluster.local'

function synced(): { caches: TestCaches; zone: LiveZone; encoded: EncodedAnswers; ask: Resolver } {
  const caches = exampleCaches()
  caches.markSynced()
  const zone = new LiveZone(caches)
  const encoded = new EncodedAnswers(zone)
  return { caches, zone, encoded, ask: resolverOf(zone, encoded) }
}

for (const { type, name, count } of [
  { type: 'A', name: headless, count: 2 },
  { type: 'AAAA', name: 'six.default.svc.cluster.local', count: 3 },
] as const) {
  test(`each of several ${type} records is the first in turn, and none is lost`, () => {
    const { ask } = synced()
    const packet = query(name, type)
    const answers = Array.from({ length: 1 + 2 * count }, () => addressesIn(ask(packet, 'udp')))
    expect(new Set(answers.map((addresses) => addresses.toSorted().join())).size).toBe(1)
    const firsts = answers.slice(1).map(([first]) => first)
    expect(new Set(firsts).size).toBe(count)
    expect(firsts.slice(0, count)).toEqual(firsts.slice(count))
  })
}

test('each asker gets its own id, and the case of its own name', () => {
  const { ask, encoded } = synced()
  const asked = ['kubia.default.svc.cluster.local', 'KUBIA.default.svc.cluster.local', 'kubia.default.svc.cluster.local']
  const replies = asked.map((name, index) => ask(query(name, 'A', { id: 100 + index }), 'udp'))
  const packets = replies.map((reply) => (reply === undefined || reply instanceof Promise ? undefined : decode(reply.packet)))
  expect(packets.map((packet) => [packet?.id, packet?.answers?.[0]?.name])).toEqual(asked.map((name, index) => [100 + index, name]))
  expect(encoded.size).toBe(2)
})

test('a change of one Service leaves the answers of others as they are', () => {
  const { caches, zone, encoded, ask } = synced()
  const packet = query('kubia.default.svc.cluster.local')
  ask(packet, 'udp')
  caches.service('default', 'other', { clusterIP: '10.96.1.1', clusterIPs: ['10.96.1.1'] })
  expect(encoded.get(packet)).toBeDefined()
  caches.slice('default', 'kubia', { endpoints: [] })
  expect(encoded.get(packet)).toBeUndefined()
  expect(zone.serial).toBeGreaterThan(1)
})

test('a name that is not there carries the serial of now', () => {
  const { caches, zone, ask } = synced()
  const packet = query('nobody.default.svc.cluster.local')
  ask(packet, 'udp')
  caches.service('default', 'other', { clusterIP: '10.96.1.1', clusterIPs: ['10.96.1.1'] })
  expect(contentOf(ask(packet, 'udp'))).toMatchObject({ authorities: [{ type: 'SOA', data: { serial: zone.serial } }] })
})

for (const { what, packet } of [
  { what: 'with a cookie', packet: query(headless, 'A', { additionals: [cookie] }) },
  { what: 'with more octets after it', packet: Buffer.concat([query(headless), Buffer.alloc(20)]) },
  { what: 'that others answer', packet: query('api.somecompany.com') },
  { what: 'that is followed', packet: query('external.default.svc.cluster.local') },
  { what: 'that is refused', packet: query(headless, 'ANY' as TypeName) },
  { what: 'in another class', packet: query(headless, 'A', { questions: [{ type: 'A', name: headless, class: 'CH' }] }) },
]) {
  test(`the answer to a query ${what} is not kept`, () => {
    const { ask, encoded } = synced()
    void ask(packet, 'udp')
    expect(parseQuery(packet).outcome).not.toBe('ignore')
    expect(encoded.size).toBe(0)
  })
}

test('an answer that was cut is not kept: another part of it comes next time', () => {
  const { caches, encoded, ask } = synced()
  const endpoints = Array.from({ length: 100 }, (_, index) => ({ addresses: [`10.108.9.${index}`] }))
  caches.slice('default', 'headless', { endpoints }, 'headless-2')
  const firsts = Array.from({ length: 4 }, () => addressesIn(ask(query(headless), 'udp'))[0])
  expect(new Set(firsts).size).toBe(4)
  expect(encoded.size).toBe(0)
})

test('answers over TCP are not kept, and not taken from those over UDP', () => {
  const { encoded, ask } = synced()
  void ask(query(headless), 'tcp')
  expect(encoded.size).toBe(0)
})
