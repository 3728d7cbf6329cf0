import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { decode, encode } from 'dns-packet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock, type Clock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { startClusterDns, type ClusterDnsOptions } from './cluster-dns.ts'
import { Frames, frame } from './frames.ts'
import { parseUpstream } from './forwarder.ts'
import type { DnsServer } from './server.ts'
import { exampleCaches, type TestCaches } from './test-zone.ts'
import { TestUpstream } from './test-upstream.ts'

const options: ClusterDnsOptions = {
  address: '127.0.0.1',
  port: 0,
  clusterDomain: 'cluster.local',
  ttlSeconds: 5,
  upstreams: [],
}
// Time-outs are a fact to wait for here; a twentieth of them is long enough on loopback.
const clock: Clock = { ...systemClock, after: (ms, callback) => systemClock.after(ms / 20, callback) }
const deps = { clock, log: silentLog }

type Serving = DnsServer & AsyncDisposable

async function serving(caches: TestCaches, given: Partial<ClusterDnsOptions> = {}): Promise<Serving> {
  const server = await startClusterDns({ ...options, ...given }, { ...deps, ...cachesOf(caches) })
  return { ...server, [Symbol.asyncDispose]: () => server.close() }
}

function cachesOf({ services, slices, namespaces }: TestCaches) {
  return { services, slices, namespaces }
}

function synced(): TestCaches {
  const caches = exampleCaches()
  for (let index = 0; index < 100; index += 1) {
    caches.slice('default', 'headless', { endpoints: [{ addresses: [`10.108.9.${index}`] }] }, `headless-many-${index}`)
  }
  caches.markSynced()
  return caches
}

async function dig({ port }: { port: number }, ...args: readonly string[]): Promise<string> {
  const { stdout } = await realProcesses.run(['dig', '@127.0.0.1', '-p', String(port), '+tries=1', '+time=4', ...args])
  return stdout
}

/** Lines of a section, with one space between fields. */
async function short(server: { port: number }, ...args: readonly string[]): Promise<readonly string[]> {
  return (await dig(server, '+short', ...args)).split('\n').filter((line) => line !== '')
}

describe('dig gets', () => {
  let server: DnsServer
  beforeAll(async () => {
    server = await startClusterDns(options, { ...deps, ...cachesOf(synced()) })
  })
  afterAll(() => server.close())

  const kubia = 'kubia.default.svc.cluster.local'

  test.each([
    { asked: [kubia], answer: ['10.96.7.7'] },
    { asked: ['+tcp', kubia], answer: ['10.96.7.7'] },
    { asked: ['+noedns', kubia], answer: ['10.96.7.7'] },
    { asked: [kubia, 'AAAA'], answer: [] },
    { asked: ['dual.default.svc.cluster.local', 'AAAA'], answer: ['fd00::8'] },
    { asked: [`_http._tcp.${kubia}`, 'SRV'], answer: [`0 100 80 ${kubia}.`] },
    { asked: ['-x', '10.96.7.7'], answer: [`${kubia}.`] },
    { asked: ['external.default.svc.cluster.local'], answer: ['api.somecompany.com.'] },
    { asked: ['inner.default.svc.cluster.local'], answer: [`${kubia}.`, '10.96.7.7'] },
    { asked: ['dns-version.cluster.local', 'TXT'], answer: ['"1.1.0"'] },
  ])('$asked → $answer', async ({ asked, answer }) => {
    expect(await short(server, ...asked)).toEqual(answer)
  })

  test.each([
    { asked: [kubia], status: 'NOERROR' },
    { asked: [kubia, 'AAAA'], status: 'NOERROR' },
    { asked: ['nobody.default.svc.cluster.local'], status: 'NXDOMAIN' },
    { asked: ['lost.default.svc.cluster.local'], status: 'NXDOMAIN' },
    { asked: ['loop.default.svc.cluster.local'], status: 'SERVFAIL' },
    { asked: ['example.com'], status: 'SERVFAIL' },
    { asked: [kubia, 'ANY'], status: 'REFUSED' },
    { asked: ['-c', 'CH', 'version.bind', 'TXT'], status: 'REFUSED' },
    { asked: ['+edns=1', '+noednsnegotiation', kubia], status: 'BADVERS' },
    { asked: ['+opcode=status', kubia], status: 'NOTIMP' },
  ])('$status for $asked', async ({ asked, status }) => {
    expect(await dig(server, ...asked)).toContain(`status: ${status}`)
  })

  test('the name as it wrote it, authority, and no warning', async () => {
    const text = await dig(server, '+qr', 'KubIA.Default.svc.cluster.local')
    expect(text).toMatch(/KubIA\.Default\.svc\.cluster\.local\.\s+5\s+IN\s+A\s+10\.96\.7\.7/)
    expect(text).toMatch(/;; flags: qr aa rd ra; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1/)
    expect(text).not.toContain('recursion requested but not available')
  })

  test('the SOA record with a negative answer', async () => {
    const text = await dig(server, 'nobody.default.svc.cluster.local')
    expect(text).toMatch(/cluster\.local\.\s+5\s+IN\s+SOA\s+ns\.dns\.cluster\.local\. hostmaster\.cluster\.local\. \d/)
    expect(text).toContain(' 7200 1800 86400 5\n')
  })

  test('everything over TCP where UDP has no room for it', async () => {
    expect(await dig(server, '+ignore', 'headless.default.svc.cluster.local')).toContain('flags: qr aa tc rd ra')
    const all = await short(server, 'headless.default.svc.cluster.local')
    expect(new Set(all).size).toBe(102)
  })

  test('another first address each time', async () => {
    const ask = () => short(server, '+ignore', 'headless.default.svc.cluster.local')
    const firsts = await Promise.all([ask(), ask(), ask(), ask(), ask()])
    expect(new Set(firsts.map(([first]) => first)).size).toBe(5)
  })
})

test('names of the cluster fail until they are known, then they are answered', async () => {
  const caches = exampleCaches()
  await using server = await serving(caches)
  expect(await dig(server, 'kubia.default.svc.cluster.local')).toContain('status: SERVFAIL')
  caches.markSynced()
  expect(await short(server, 'kubia.default.svc.cluster.local')).toEqual(['10.96.7.7'])
})

describe('with upstreams', () => {
  const somecompany = [
    { type: 'A', name: 'api.somecompany.com', ttl: 60, data: '192.0.2.80' },
    { type: 'AAAA', name: 'api.somecompany.com', ttl: 60, data: '2001:db8::80' },
  ] as const

  test('other names are passed on, over the transport they came by', async () => {
    await using upstream = new TestUpstream({ 'api.somecompany.com': somecompany })
    await using server = await serving(synced(), { upstreams: [await upstream.listen()] })
    expect(await short(server, 'api.somecompany.com')).toEqual(['192.0.2.80'])
    expect(await short(server, '+tcp', 'API.somecompany.com')).toEqual(['192.0.2.80'])
    expect(await dig(server, 'nobody.example.com')).toContain('status: NXDOMAIN')
    expect(upstream.asked).toEqual([
      'udp A api.somecompany.com',
      'tcp A API.somecompany.com',
      'udp A nobody.example.com',
    ])
  })

  test('external names of Services are followed', async () => {
    await using upstream = new TestUpstream({ 'api.somecompany.com': somecompany })
    await using server = await serving(synced(), { upstreams: [await upstream.listen()] })
    const external = 'external.default.svc.cluster.local'
    expect(await short(server, external)).toEqual(['api.somecompany.com.', '192.0.2.80'])
    expect(await short(server, external, 'AAAA')).toEqual(['api.somecompany.com.', '2001:db8::80'])
  })

  test('the next one is asked when one has gone or gives no answer that fits', async () => {
    const gone = new TestUpstream({})
    const closed = await gone.listen()
    await gone[Symbol.asyncDispose]()
    await using second = new TestUpstream({ 'api.somecompany.com': 'wrong id' })
    await using third = new TestUpstream({ 'api.somecompany.com': somecompany })
    await using server = await serving(synced(), { upstreams: [closed, await second.listen(), await third.listen()] })
    expect(await short(server, 'api.somecompany.com')).toEqual(['192.0.2.80'])
    expect(second.asked).toEqual(['udp A api.somecompany.com'])
  })

  test.each(['nonsense', 'a.b.c.d', '1.2.3.4:0', '1.2.3.4:99999', '1.2.3.4:x'])('%s is none', async (upstream) => {
    await expect(serving(synced(), { upstreams: [upstream] })).rejects.toThrow(`upstream DNS server "${upstream}"`)
  })

  test.each([
    { text: '192.0.2.53', upstream: { address: '192.0.2.53', port: 53 } },
    { text: '192.0.2.53:5353', upstream: { address: '192.0.2.53', port: 5353 } },
    { text: '2001:db8::53', upstream: { address: '2001:db8::53', port: 53 } },
    { text: '[2001:db8::53]:5353', upstream: { address: '2001:db8::53', port: 5353 } },
  ])('$text is $upstream', ({ text, upstream }) => {
    expect(parseUpstream(text)).toEqual(upstream)
  })
})

test('goes on after packets of every kind', async () => {
  await using server = await serving(synced())
  const socket = createSocket('udp4')
  const question = { type: 'A', name: 'kubia.default.svc.cluster.local' } as const
  const good = encode({ type: 'query', id: 7, questions: [question] })
  const long = [Buffer.alloc(9000, 0xc0), Buffer.alloc(65_000, 0x3f)]
  const bad = [Buffer.alloc(0), Buffer.alloc(5), good.subarray(0, 20), ...long]
  const broken = Buffer.concat([Buffer.from([0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Buffer.from([63])])
  const ids: number[] = []
  const both = new Promise<void>((resolve) => {
    socket.on('message', (packet) => {
      ids.push(packet.readUInt16BE(0))
      if (ids.includes(7) && ids.includes(9)) resolve()
    })
  })
  for (const packet of [...bad, broken, good]) socket.send(packet, server.port, '127.0.0.1')
  await both
  socket.close()
  expect(ids).toEqual(expect.arrayContaining([7, 9]))
})

test('answers several queries on one connection, however they are cut', async () => {
  await using server = await serving(synced())
  const socket = connect(server.port, '127.0.0.1')
  const questions = [{ type: 'A', name: 'kubia.default.svc.cluster.local' }] as const
  const query = (id: number) => frame(encode({ type: 'query', id, questions: [...questions] }))
  const octets = Buffer.concat([query(1), query(2)])
  socket.setNoDelay(true).write(octets.subarray(0, 1))
  await once(socket, 'connect')
  socket.write(octets.subarray(1, 50))
  socket.write(octets.subarray(50))
  const frames = new Frames()
  const packets: Buffer[] = []
  for await (const piece of socket as AsyncIterable<Buffer>) {
    packets.push(...frames.push(piece))
    if (packets.length === 2) break
  }
  expect(packets.map((packet) => decode(packet).id)).toEqual([1, 2])
})

test('an address and port that are taken are named', async () => {
  await using server = await serving(synced())
  const again = serving(synced(), { port: server.port })
  await expect(again).rejects.toThrow(`cannot serve DNS on 127.0.0.1:${server.port}: `)
})
