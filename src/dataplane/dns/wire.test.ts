import { decode, encode, RECURSION_DESIRED, type Answer, type Packet } from 'dns-packet'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseQuery, type Query } from './query.ts'
import { rcode, type DnsRecord } from './record.ts'
import { encodeResponse, udpLimit } from './response.ts'
import { addressRecords, readExternalAnswer } from './forward/external-answer.ts'

const question = { type: 'A', name: 'KubIA.default.svc.cluster.local' } as const

function queryPacket(packet: Packet = {}): Buffer {
  return encode({ type: 'query', id: 4711, flags: RECURSION_DESIRED, questions: [question], ...packet })
}

function opt(fields: Partial<Answer & { type: 'OPT' }> = {}): Answer {
  const defaults = { udpPayloadSize: 4096, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }
  return { type: 'OPT', name: '.', ...defaults, ...fields }
}

function parsed(packet: Buffer): Query {
  const result = parseQuery(packet)
  if (result.outcome !== 'query') throw new Error(`outcome ${result.outcome}`)
  return result.query
}

describe('a query', () => {
  test('is read with the case of its name', () => {
    expect(parsed(queryPacket())).toMatchObject({
      header: { id: 4711, opcode: 0, recursionDesired: true },
      question: { labels: ['kubia', 'default', 'svc', 'cluster', 'local'], name: question.name, type: 1 },
    })
  })

  test.each([
    { says: undefined, limit: 512 },
    { says: 100, limit: 512 },
    { says: 800, limit: 800 },
    { says: 4096, limit: 1232 },
  ])('that takes $says octets may get $limit', ({ says, limit }) => {
    const additionals = says === undefined ? [] : [opt({ udpPayloadSize: says })]
    expect(udpLimit(parsed(queryPacket({ additionals })))).toBe(limit)
  })

  test('may carry other records and octets after them', () => {
    const other: Answer = { type: 'A', name: 'x.y', data: '1.2.3.4' }
    const packet = Buffer.concat([queryPacket({ additionals: [other, opt()] }), Buffer.from('rest')])
    expect(parsed(packet).edns).toEqual({ udpPayloadBytes: 4096, dnssecOk: false })
  })

  const plain = queryPacket()
  const twice = queryPacket({ questions: [question, question] })
  const twoOpts = queryPacket({ additionals: [opt(), opt()] })
  const laterEdns = queryPacket({ additionals: [opt({ ednsVersion: 1 })] })
  const chaos = queryPacket({ questions: [{ ...question, class: 'CH' }] })
  const patched = (offset: number, ...octets: number[]) => {
    const packet = Buffer.from(plain)
    packet.set(octets, offset)
    return packet
  }
  for (const { name, packet, outcome, code } of [
    { name: 'nothing', packet: Buffer.alloc(0), outcome: 'ignore' },
    { name: 'half a header', packet: plain.subarray(0, 11), outcome: 'ignore' },
    { name: 'an answer', packet: patched(2, 0x80), outcome: 'ignore' },
    { name: 'a status request', packet: patched(2, 0x10), outcome: 'bad', code: rcode.notImplemented },
    { name: 'an update', packet: patched(2, 0x28), outcome: 'bad', code: rcode.notImplemented },
    { name: 'no question', packet: patched(4, 0, 0), outcome: 'bad', code: rcode.formatError },
    { name: 'two questions', packet: twice, outcome: 'bad', code: rcode.formatError },
    { name: 'a name cut off', packet: plain.subarray(0, 20), outcome: 'bad', code: rcode.formatError },
    { name: 'a type cut off', packet: plain.subarray(0, plain.length - 3), outcome: 'bad', code: rcode.formatError },
    { name: 'a pointer to itself as name', packet: patched(12, 0xc0, 12), outcome: 'bad', code: rcode.formatError },
    { name: 'a label of an unknown kind', packet: patched(12, 0x41), outcome: 'bad', code: rcode.formatError },
    { name: 'a record that is not there', packet: patched(10, 0, 1), outcome: 'bad', code: rcode.formatError },
    { name: 'two OPT records', packet: twoOpts, outcome: 'bad', code: rcode.formatError },
    { name: 'a later EDNS', packet: laterEdns, outcome: 'bad', code: rcode.badVersion },
    { name: 'another class', packet: chaos, outcome: 'bad', code: rcode.refused },
  ]) {
    test(`with ${name} has the outcome ${outcome}`, () => {
      expect(parseQuery(packet)).toMatchObject({ outcome, ...(code === undefined ? {} : { rcode: code }) })
    })
  }

  test('has a name of at most 255 octets', () => {
    const label = 'x'.repeat(63)
    const longest = [label, label, label, 'x'.repeat(61)].join('.')
    expect(parsed(queryPacket({ questions: [{ type: 'A', name: longest }] })).question.name).toBe(longest)
    const packet = queryPacket({ questions: [{ type: 'A', name: `${longest}x` }] })
    expect(parseQuery(packet)).toMatchObject({ outcome: 'bad', rcode: rcode.formatError })
  })

  test('may be any octets without harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (octets) => {
        const header = Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1])
        for (const packet of [Buffer.from(octets), Buffer.concat([header, octets])]) {
          expect(['query', 'bad', 'ignore']).toContain(parseQuery(packet).outcome)
          expect(['object', 'undefined']).toContain(typeof readExternalAnswer(packet))
        }
      }),
    )
  })
})

describe('a response', () => {
  const query = parsed(queryPacket())
  const a = (index: number, name: string = question.name): DnsRecord => ({
    type: 'A',
    name,
    ttlSeconds: 5,
    address: `10.108.${index >> 8}.${index & 255}`,
  })
  const many = (count: number) => Array.from({ length: count }, (_, index) => a(index))
  const ok = { rcode: 0, authoritative: true }

  test('holds every type of record, as another implementation reads it', () => {
    const common = { name: 'x.cluster.local', ttlSeconds: 5 }
    const answers: DnsRecord[] = [
      a(1),
      { ...common, type: 'AAAA', address: 'fd00::1:0:a' },
      { ...common, type: 'AAAA', address: '::ffff:10.0.0.1' },
      { ...common, type: 'CNAME', target: 'y.cluster.local' },
      { ...common, type: 'NS', target: 'ns.dns.cluster.local' },
      { ...common, type: 'PTR', target: 'z.y.cluster.local' },
      { ...common, type: 'TXT', text: '1.1.0' },
      { ...common, type: 'SRV', priority: 0, weight: 50, port: 80, target: 'y.cluster.local' },
      {
        ...common,
        type: 'SOA',
        primary: 'ns.dns.cluster.local',
        mailbox: 'hostmaster.cluster.local',
        serial: 4_000_000_000,
        refreshSeconds: 7200,
        retrySeconds: 1800,
        expireSeconds: 86_400,
        minimumSeconds: 5,
      },
    ]
    const packet = decode(encodeResponse(query, { ...ok, answers }, 1232))
    expect(packet).toMatchObject({
      id: 4711,
      type: 'response',
      rcode: 'NOERROR',
      flag_aa: true,
      flag_rd: true,
      flag_ra: true,
      flag_tc: false,
      questions: [question],
    })
    const held = packet.answers?.map((record) => [record.type, record.name, 'data' in record ? record.data : undefined])
    expect(held).toEqual([
      ['A', question.name, '10.108.0.1'],
      ['AAAA', common.name, 'fd00::1:0:a'],
      ['AAAA', common.name, '::ffff:a00:1'],
      ['CNAME', common.name, 'y.cluster.local'],
      ['NS', common.name, 'ns.dns.cluster.local'],
      ['PTR', common.name, 'z.y.cluster.local'],
      ['TXT', common.name, [Buffer.from('1.1.0')]],
      ['SRV', common.name, { priority: 0, weight: 50, port: 80, target: 'y.cluster.local' }],
      [
        'SOA',
        common.name,
        {
          mname: 'ns.dns.cluster.local',
          rname: 'hostmaster.cluster.local',
          serial: 4_000_000_000,
          refresh: 7200,
          retry: 1800,
          expire: 86_400,
          minimum: 5,
        },
      ],
    ])
  })

  test('costs 16 octets for each further address', () => {
    const size = (count: number) => encodeResponse(query, { ...ok, answers: many(count) }, 1232).length
    expect(size(20) - size(10)).toBe(160)
  })

  test.each([512, 800, 1232])('says so when not everything fits in %d octets', (limit) => {
    const packet = encodeResponse(query, { ...ok, answers: many(200) }, limit)
    expect(packet.length).toBeLessThanOrEqual(limit)
    expect(packet.length).toBeGreaterThan(limit - 16)
    const read = decode(packet)
    expect(read).toMatchObject({ flag_tc: true })
    expect(read.answers?.length).toBeGreaterThan(20)
  })

  test('leaves additional records out without saying so, and forgets the names in them', () => {
    const additionals = [a(1, `${'x'.repeat(60)}.cluster.local`), a(2, `${'y'.repeat(60)}.cluster.local`)]
    const read = decode(encodeResponse(query, { ...ok, answers: [a(0)], additionals }, 200))
    expect(read).toMatchObject({ flag_tc: false, answers: [{ data: '10.108.0.0' }] })
    expect(read.additionals?.length).toBe(1)
  })

  test('speaks EDNS to those who do', () => {
    const edns = parsed(queryPacket({ additionals: [opt()] }))
    const packet = encodeResponse(edns, { ...ok, rcode: rcode.badVersion, answers: many(200) }, 512)
    expect(packet.length).toBeLessThanOrEqual(512)
    expect(decode(packet).additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1232, extendedRcode: 1 }])
  })

  test('repeats the octets of the question, also where they are no text', () => {
    const name = Buffer.from([3, 0x61, 0x2e, 0xff, 5, ...Buffer.from('LocaL'), 0])
    const odd = Buffer.concat([plainHeader, name, Buffer.from([0, 1, 0, 1])])
    const packet = encodeResponse(parsed(odd), { ...ok, rcode: rcode.nameError }, 512)
    expect(packet.subarray(12)).toEqual(odd.subarray(12))
  })
})

const plainHeader = Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])

function recordsIn(packet: Buffer, ageSeconds = 0): unknown {
  const answer = readExternalAnswer(packet)
  return answer && addressRecords(answer, ageSeconds)
}

describe('answers of an upstream', () => {
  test('are read as far as they are addresses and aliases', () => {
    const name = 'api.somecompany.com'
    const answers: Answer[] = [
      { type: 'CNAME', name, ttl: 60, data: 'lb.somecompany.com' },
      { type: 'A', name: 'lb.somecompany.com', ttl: 30, data: '192.0.2.80' },
      { type: 'AAAA', name: 'lb.somecompany.com', ttl: 30, data: '2001:db8::80' },
      { type: 'TXT', name, data: 'ignored' },
    ]
    expect(recordsIn(encode({ type: 'response', questions: [{ type: 'A', name }], answers }), 10)).toEqual([
      { type: 'CNAME', name, ttlSeconds: 50, target: 'lb.somecompany.com' },
      { type: 'A', name: 'lb.somecompany.com', ttlSeconds: 20, address: '192.0.2.80' },
      {
        type: 'AAAA',
        name: 'lb.somecompany.com',
        ttlSeconds: 20,
        address: '2001:0db8:0000:0000:0000:0000:0000:0080',
      },
    ])
  })

  test('are read through compressed names', () => {
    const common = { name: question.name, ttlSeconds: 5 }
    const target = { type: 'CNAME', ...common, target: 'web.default.svc.cluster.local' } as const
    const packet = encodeResponse(parsed(queryPacket()), { rcode: 0, authoritative: true, answers: [target] }, 512)
    expect(recordsIn(packet)).toEqual([target])
  })

  test('are nothing where names lead nowhere', () => {
    const loop = Buffer.concat([Buffer.from([0, 1, 0x81, 0x80, 0, 0, 0, 1, 0, 0, 0, 0, 0xc0, 12]), Buffer.alloc(20)])
    expect(readExternalAnswer(loop)?.records).toEqual([])
    expect(readExternalAnswer(Buffer.alloc(3))).toBeUndefined()
  })
})
