import { decode, encode } from 'dns-packet'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { EncodedAnswers } from './encoded-answers.ts'
import { addressRecords, encodeExternalAnswer, lifetimeSeconds, readExternalAnswer } from './forward/external-answer.ts'
import { LiveZone } from './live-zone.ts'
import { parseQuery } from './query.ts'
import type { Reply } from './reply.ts'
import { resolver } from './resolver.ts'
import { exampleCaches } from './test-zone.ts'

/** Packets from anybody: no crash, no work beyond their length, no answer longer than it may be. */

const headless = 'headless.default.svc.cluster.local'
const caches = exampleCaches()
for (let index = 0; index < 250; index += 1) {
  caches.slice('default', 'headless', { endpoints: [{ addresses: [`10.108.9.${index}`] }], ports: [{ name: 'http', port: 80 }] }, `many-${index}`)
}
caches.markSynced()
const zone = new LiveZone(caches)
const forwarder = { exchange: async () => ({ outcome: 'nowhere' }) as const, close() {} }
const options = { clusterDomain: 'cluster.local', ttlSeconds: 5, podRecords: 'verified' } as const
const resolve = resolver({ zone, forwarder, options, encoded: new EncodedAnswers(zone), patience: Promise.resolve(), random: Math.random })

/** Octets that are looked at, each time that they are. */
function counted(packet: Buffer): { packet: Buffer; octetsRead(): number } {
  let read = 0
  const proxy = new Proxy(packet, {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) read += 1
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        // `toString` and `copy` go over what they are given, the others over a few octets.
        const goesOver = key === 'toString' ? Number(args[2] ?? target.length) - Number(args[1] ?? 0) : key === 'copy' ? target.length : 4
        read += Math.max(0, goesOver)
        return Reflect.apply(value, target, args)
      }
    },
  })
  return { packet: proxy, octetsRead: () => read }
}

const names = [headless, `_http._tcp.${headless}`, 'kubia.default.svc.cluster.local', '7.7.96.10.in-addr.arpa', 'nobody.example.com', 'cluster.local']
const types = ['A', 'AAAA', 'SRV', 'PTR', 'NS', 'ANY', 'TXT'] as const

/** Something like a query. */
const nearly = fc
  .record({
    name: fc.constantFrom(...names),
    type: fc.constantFrom(...types),
    size: fc.option(fc.integer({ min: 0, max: 65_535 })),
    flips: fc.array(fc.record({ at: fc.nat(), octet: fc.integer({ min: 0, max: 255 }) }), { maxLength: 4 }),
    keep: fc.option(fc.nat()),
    rest: fc.uint8Array({ maxLength: 40 }),
  })
  .map(({ name, type, size, flips, keep, rest }) => {
    const edns = size === null ? [] : [{ type: 'OPT' as const, name: '.', udpPayloadSize: size, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }]
    const whole = encode({ type: 'query', id: 4711, flags: 0x0100, questions: [{ type, name } as never], additionals: edns })
    for (const { at, octet } of flips) whole[at % whole.length] = octet
    return Buffer.concat([keep === null ? whole : whole.subarray(0, keep % (whole.length + 1)), rest])
  })

const header = (questions: number, records: number) =>
  Buffer.from([0x12, 0x67, 1, 0, questions >> 8, questions & 255, 0, 0, 0, 0, records >> 8, records & 255])
const question = Buffer.concat([Buffer.from([1, 0x61, 0]), Buffer.from([0, 1, 0, 1])])
const most = 65_535

/** Packets made to cost as much as can be. */
const crafted = [
  { name: 'names that point in circles', packet: Buffer.concat([header(1, most), question, Buffer.alloc(64_000, Buffer.from([0xc0, 19, 0xc0, 21]))]) },
  { name: 'a question that points to itself', packet: Buffer.concat([header(1, 0), Buffer.from([0xc0, 12, 0, 1, 0, 1])]) },
  { name: 'as many records as there is room for', packet: Buffer.concat([header(1, most), question, Buffer.alloc(64_000)]) },
  { name: 'as many questions', packet: Buffer.concat([header(most, 0), Buffer.alloc(65_000)]) },
  { name: 'labels without end', packet: Buffer.concat([header(1, 0), Buffer.alloc(65_000, Buffer.from([1, 0x61]))]) },
  { name: 'longest labels', packet: Buffer.concat([header(1, most), question, Buffer.alloc(65_000, 63)]) },
  { name: 'octets after the question', packet: Buffer.concat([header(1, 0), question, Buffer.alloc(65_000, 0xff)]) },
  { name: 'nothing but ones', packet: Buffer.alloc(most, 0xff) },
]

async function replyTo(packet: Buffer, transport: 'udp' | 'tcp'): Promise<Reply | undefined> {
  return resolve(packet, transport)
}

async function expectSound(octets: Buffer): Promise<void> {
  const query = counted(octets)
  const reply = await replyTo(query.packet, 'udp')
  // Looked for among those that are kept, parsed, and parsed names taken as text.
  expect(query.octetsRead()).toBeLessThanOrEqual(100 + 5 * octets.length)
  const parsed = parseQuery(octets)
  expect(reply === undefined).toBe(parsed.outcome === 'ignore')
  if (reply === undefined) return
  const edns = 'query' in parsed ? parsed.query?.edns : undefined
  expect(reply.packet.length).toBeLessThanOrEqual(Math.min(1232, Math.max(512, edns?.udpPayloadBytes ?? 512)))
  expect([reply.packet.readUInt16BE(0), (reply.packet[2] ?? 0) & 0x80]).toEqual([octets.readUInt16BE(0), 0x80])
  expect(() => decode(reply.packet)).not.toThrow()
}

test('packets that are nearly queries', async () => {
  await fc.assert(fc.asyncProperty(nearly, expectSound), { numRuns: 400 })
})

test('any octets', async () => {
  const any = fc.uint8Array({ maxLength: 700 }).map((octets) => Buffer.from(octets))
  const behindHeader = any.map((octets) => Buffer.concat([header(1, 1), octets]))
  await fc.assert(fc.asyncProperty(fc.oneof(any, behindHeader), expectSound), { numRuns: 400 })
})

test.each(crafted)('$name', async ({ packet }) => {
  await expect(expectSound(packet)).resolves.toBeUndefined()
})

test('no answer over TCP is longer than TCP has room for, nor than it says', async () => {
  const reply = await replyTo(encode({ type: 'query', id: 1, questions: [{ type: 'SRV', name: `_http._tcp.${headless}` }] }), 'tcp')
  expect(reply?.packet.length).toBeLessThanOrEqual(most)
  expect(decode(reply?.packet ?? Buffer.alloc(0)).answers?.length).toBeGreaterThan(250)
})

/** What somebody who pretends to be an upstream could send. */
function takeIn(octets: Buffer): void {
  const { packet, octetsRead } = counted(octets)
  const answer = readExternalAnswer(packet)
  expect(octetsRead()).toBeLessThanOrEqual(100 + 5 * octets.length)
  if (answer === undefined) return
  expect(lifetimeSeconds({ ...answer, packet: octets })).toBeGreaterThanOrEqual(0)
  const parsed = parseQuery(encode({ type: 'query', id: 9, questions: [{ type: 'A', name: 'api.example' }] }))
  if (parsed.outcome !== 'query') throw new Error(parsed.outcome)
  const sent = encodeExternalAnswer({ ...answer, packet: octets }, parsed.query, { ageSeconds: 1, limitBytes: 512 })
  expect(sent.length).toBeLessThanOrEqual(512)
  expect(sent.readUInt16BE(0)).toBe(9)
  expect(['object', 'undefined']).toContain(typeof addressRecords({ ...answer, packet: octets }, 0))
}

test('answers from elsewhere, of any octets', () => {
  const start = encode({ type: 'response', id: 9, questions: [{ type: 'A', name: 'api.example' }], answers: [{ type: 'A', name: 'api.example', ttl: 5, data: '192.0.2.1' }] })
  const behind = fc.uint8Array({ maxLength: 300 }).map((octets) => Buffer.concat([start.subarray(0, 29), octets]))
  const any = fc.uint8Array({ maxLength: 700 }).map((octets) => Buffer.from(octets))
  fc.assert(fc.property(fc.oneof(any, behind), takeIn), { numRuns: 400 })
  for (const { packet } of crafted) takeIn(packet)
})
