import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { decode, encode } from 'dns-packet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock, type Clock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { MetricRegistry } from '../../base/metrics.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { startClusterDns, type ClusterDns, type ClusterDnsDeps, type ClusterDnsOptions } from './cluster-dns.ts'
import { Frames, frame } from './frames.ts'
import type { Resolver } from './resolver.ts'
import { serveDns } from './server.ts'
import type { DnsSockets, ListenOptions } from './sockets.ts'
import { exampleCaches, type TestCaches } from './test-zone.ts'
import { TrafficMetrics } from './traffic-metrics.ts'
import { sendFromPortZero } from './test-raw-datagram.ts'
import { TestUpstream } from './forward/test-upstream.ts'

const options: ClusterDnsOptions = {
  address: '127.0.0.1',
  port: 0,
  clusterDomain: 'cluster.local',
  ttlSeconds: 5,
  upstreams: [],
  podRecords: 'verified',
  clients: [],
  logQueries: false,
}
// Time-outs are a fact to wait for here; a twentieth of them is long enough on loopback.
const clock: Clock = { ...systemClock, after: (ms, callback) => systemClock.after(ms / 20, callback) }
const deps = () => ({ clock, log: silentLog, metrics: new MetricRegistry() })

type Serving = ClusterDns & AsyncDisposable

function cachesOf({ services, slices, namespaces, pods }: TestCaches) {
  return { services, slices, namespaces, pods }
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

/** What a DNS server does on sockets, however these take their packets. */
export function serverContract(open: (listen: ListenOptions) => Promise<DnsSockets>): void {
  async function serving(caches: TestCaches, given: Partial<ClusterDnsOptions> = {}, own: Partial<ClusterDnsDeps> = {}): Promise<Serving> {
    const chosen = { ...options, ...given }
    const server = await startClusterDns(chosen, { ...deps(), ...cachesOf(caches), sockets: own.sockets ?? (await open(chosen)), ...own })
    return { ...server, [Symbol.asyncDispose]: () => server.close() }
  }

  describe('dig gets', () => {
    let server: ClusterDns
    beforeAll(async () => {
      let asked = 0
      const random = () => (asked++ % 102) / 102
      server = await serving(synced(), {}, { random })
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

  test('who asks before there is anybody to answer waits', async () => {
    const sockets = await open(options)
    const query = encode({ type: 'query', id: 7, questions: [{ type: 'A', name: 'kubia.default.svc.cluster.local' }] })
    const udp = createSocket('udp4')
    await new Promise((sent) => udp.send(query, sockets.port, '127.0.0.1', sent))
    const tcp = connect(sockets.port, '127.0.0.1')
    await new Promise((written) => tcp.write(frame(query), written))
    const gone = connect(sockets.port, '127.0.0.1')
    await once(gone, 'connect')
    gone.resetAndDestroy()

    const answers = Promise.all([once(udp, 'message'), once(tcp, 'data')])
    await using server = await serving(synced(), { port: sockets.port }, { sockets })
    expect(server.port).toBe(sockets.port)
    const [[packet], [framed]] = (await answers) as [[Buffer], [Buffer]]
    for (const answer of [packet, framed.subarray(2)]) expect(decode(answer)).toMatchObject({ id: 7, answers: [{ data: '10.96.7.7' }] })
    udp.close()
    tcp.destroy()
  })

  describe('names of the cluster', () => {
    const kubia = 'kubia.default.svc.cluster.local'

    test('wait for a server that has just begun', async () => {
      const caches = exampleCaches()
      await using server = await serving(caches, {}, { clock: new ManualClock() })
      expect(server.isReady()).toBe(false)
      const answer = short(server, kubia)
      caches.markSynced()
      expect(await answer).toEqual(['10.96.7.7'])
      await server.ready
      expect(server.isReady()).toBe(true)
    })

    test('fail where it takes long to know them, until they are known', async () => {
      const caches = exampleCaches()
      const manual = new ManualClock()
      await using server = await serving(caches, {}, { clock: manual })
      const first = dig(server, kubia)
      manual.advance(2_000)
      expect(await first).toContain('status: SERVFAIL')
      expect(await dig(server, kubia)).toContain('status: SERVFAIL')
      expect(await dig(server, 'example.com')).toContain('status: SERVFAIL')
      caches.markSynced()
      expect(await short(server, kubia)).toEqual(['10.96.7.7'])
    })
  })

  describe('with upstreams', () => {
    const somecompany = [
      { type: 'A', name: 'api.somecompany.com', ttl: 60, data: '192.0.2.80' },
      { type: 'AAAA', name: 'api.somecompany.com', ttl: 60, data: '2001:db8::80' },
    ] as const

    test('other names are passed on, and kept', async () => {
      await using upstream = new TestUpstream({ 'api.somecompany.com': somecompany })
      await using server = await serving(synced(), { upstreams: [await upstream.listen()] })
      expect(await short(server, 'api.somecompany.com')).toEqual(['192.0.2.80'])
      const text = await dig(server, '+tcp', '+qr', 'API.somecompany.com')
      expect(text).toMatch(/;API\.somecompany\.com\.\s+IN\s+A\n/)
      expect(text).toMatch(/api\.somecompany\.com\.\s+\d+\s+IN\s+A\s+192\.0\.2\.80/)
      expect(text).toMatch(/;; flags: qr rd ra; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1/)
      expect(await dig(server, 'nobody.example.com')).toContain('status: NXDOMAIN')
      expect(upstream.asked).toEqual(['udp A api.somecompany.com', 'udp A nobody.example.com'])
    })

    test('a long answer comes over TCP, as over UDP it would not fit', async () => {
      const many = Array.from({ length: 150 }, (_, index) => ({ ...somecompany[0], data: `192.0.2.${index}` }))
      await using upstream = new TestUpstream({ 'api.somecompany.com': many })
      await using server = await serving(synced(), { upstreams: [await upstream.listen()] })
      expect(await dig(server, '+ignore', 'api.somecompany.com')).toContain('flags: qr tc rd ra')
      expect(new Set(await short(server, 'api.somecompany.com')).size).toBe(150)
      expect(await dig(server, '+noedns', '+ignore', 'api.somecompany.com')).toMatch(/MSG SIZE {2}rcvd: (4\d\d|50\d|51[0-2])\n/)
    })

    test('external names of Services are followed', async () => {
      await using upstream = new TestUpstream({ 'api.somecompany.com': somecompany })
      await using server = await serving(synced(), { upstreams: [await upstream.listen()] })
      const external = 'external.default.svc.cluster.local'
      expect(await short(server, external)).toEqual(['api.somecompany.com.', '192.0.2.80'])
      expect(await short(server, external, 'AAAA')).toEqual(['api.somecompany.com.', '2001:db8::80'])
    })

    test.each(['ANY', 'AXFR'])('%s is refused for their names as well', async (type) => {
      await using upstream = new TestUpstream({ 'api.somecompany.com': somecompany })
      await using server = await serving(synced(), { upstreams: [await upstream.listen()] })
      const asked = type === 'AXFR' ? ['+tcp', 'api.somecompany.com', 'AXFR'] : ['api.somecompany.com', type]
      expect(await dig(server, ...asked)).toMatch(/status: REFUSED|Transfer failed/)
      expect(upstream.asked).toEqual([])
    })
  })

  test('two questions from one socket at once are both answered', async () => {
    await using server = await serving(synced())
    const socket = createSocket('udp4')
    const questions = (['A', 'AAAA'] as const).map((type, id) =>
      encode({ type: 'query', id, flags: 0x0100, questions: [{ type, name: 'kubia.default.svc.cluster.local' }] }),
    )
    const answers = new Map<number, string>()
    const both = new Promise<void>((resolve) => {
      socket.on('message', (packet) => {
        const { id = -1, answers: records = [], authorities = [] } = decode(packet)
        answers.set(id, [...records, ...authorities].map(({ type }) => type).join())
        if (answers.size === 2) resolve()
      })
    })
    for (const question of questions) socket.send(question, server.port, '127.0.0.1')
    await both
    socket.close()
    expect([...answers].sort()).toEqual([[0, 'A'], [1, 'SOA']])
  })

  test('all who ask at once are answered, each with what they asked', async () => {
    await using upstream = new TestUpstream({ 'api.somecompany.com': [{ type: 'A', name: 'api.somecompany.com', ttl: 60, data: '192.0.2.80' }] })
    await using server = await serving(synced(), { upstreams: [await upstream.listen()] }, { clock: systemClock })
    const asked = [
      { name: 'KubIA.default.svc.cluster.local', answer: '10.96.7.7' },
      { name: 'kubia.default.svc.cluster.local', answer: '10.96.7.7' },
      { name: 'dual.default.svc.cluster.local', answer: '10.96.7.8' },
      { name: 'nobody.default.svc.cluster.local', answer: undefined },
      { name: 'api.somecompany.com', answer: '192.0.2.80' },
      { name: 'external.default.svc.cluster.local', answer: 'api.somecompany.com' },
    ] as const
    const questions = Array.from({ length: 120 }, (_, id) => ({ id, ...(asked[id % asked.length] ?? asked[0]) }))
    const sockets = Array.from({ length: 4 }, () => createSocket('udp4'))
    const { promise, resolve } = Promise.withResolvers<void>()
    const wrong: unknown[] = []
    let answered = 0
    for (const [index, socket] of sockets.entries()) {
      socket.on('message', (packet) => {
        const { id = -1, questions: [question] = [], answers: [first] = [] } = decode(packet)
        const { name, answer } = questions[id] ?? {}
        const data = first !== undefined && 'data' in first ? first.data : undefined
        if (id % sockets.length !== index || question?.name !== name || data !== answer) wrong.push({ id, index, question, data })
        answered += 1
        if (answered === questions.length) resolve()
      })
    }
    for (const { id, name } of questions) {
      const query = encode({ type: 'query', id, flags: 0x0100, questions: [{ type: 'A', name }] })
      sockets[id % sockets.length]?.send(query, server.port, '127.0.0.1')
    }
    await promise
    for (const socket of sockets) socket.close()
    expect(wrong).toEqual([])
  })

  test('who is no client gets nothing, over UDP and TCP, and is counted', async () => {
    const registry = new MetricRegistry()
    const metrics = new TrafficMetrics(registry, { server: 'dns://test', clusterDomain: 'cluster.local', family: 4 })
    const resolve: Resolver = (packet) => ({ packet, topic: { type: 1, inCluster: true } })
    const admits = (address: string) => address !== '127.0.0.2'
    const server = await open(options)
    serveDns({ resolve, admits, metrics, clock, log: silentLog }, server)
    const [stranger, client] = [createSocket('udp4'), createSocket('udp4')]
    stranger.on('message', () => expect.unreachable('a stranger got an answer'))
    for (const [socket, address] of [[stranger, '127.0.0.2'], [client, '127.0.0.1']] as const) {
      const listening = once(socket, 'listening')
      socket.bind({ address, port: 0 })
      await listening
      const answered = once(client, 'message')
      socket.send(Buffer.alloc(12), server.port, '127.0.0.1')
      if (socket === client) await answered
    }
    const connection = connect({ port: server.port, host: '127.0.0.1', localAddress: '127.0.0.2' })
    await expect(once(connection, 'close')).rejects.toMatchObject({ code: 'ECONNRESET' })
    const text = await registry.text()
    expect(text).toContain('coredns_acl_dropped_requests_total{server="dns://test",zone=".",view=""} 2\n')
    expect(text).toContain('coredns_dns_requests_total{server="dns://test",zone="cluster.local.",view="",proto="udp",family="1",type="A"} 1\n')
    for (const socket of [stranger, client]) socket.close()
    await server.close()
  })

  test('a query from port 0, where no answer can be sent, gets none and is counted', async () => {
    const registry = new MetricRegistry()
    await using server = await serving(synced(), {}, { metrics: registry })
    const query = encode({ type: 'query', id: 7, flags: 0x0100, questions: [{ type: 'A', name: 'kubia.default.svc.cluster.local' }] })
    for (const packet of [query, Buffer.alloc(12), query]) sendFromPortZero(packet, { address: '127.0.0.1', port: server.port })
    expect(await short(server, 'kubia.default.svc.cluster.local')).toEqual(['10.96.7.7'])
    expect(await registry.text()).toMatch(/coredns_acl_dropped_requests_total\{.*\} 3\n/)
  })

  test('answers that the kernel does not take are counted, and logged once', async () => {
    const registry = new MetricRegistry()
    const lines: string[] = []
    const log = { ...silentLog, error: (_fields: object, message: string) => void lines.push(message) }
    const sockets = await open(options)
    await using server = await serving(synced(), {}, { sockets, metrics: registry, log })
    // From a loopback address nothing goes elsewhere.
    for (let time = 0; time < 100; time += 1) sockets.send(Buffer.alloc(12), { address: '192.0.2.1', port: 53 })
    expect(await short(server, 'kubia.default.svc.cluster.local')).toEqual(['10.96.7.7'])
    expect(await registry.text()).toContain('portolan_dns_unsent_answers_total{code="EINVAL"} 100\n')
    expect(lines).toEqual(['DNS answer not sent; more of the kind are only counted for a minute'])
  })

  test('every query is logged where that is wanted', async () => {
    const lines: object[] = []
    const log = { ...silentLog, info: (fields: object, message: string) => void (message === 'DNS query' && lines.push(fields)) }
    await using upstream = new TestUpstream({})
    await using server = await serving(synced(), { logQueries: true, upstreams: [await upstream.listen()] }, { log })
    await dig(server, '+noedns', 'KubIA.default.svc.cluster.local', 'AAAA')
    await dig(server, '+tcp', 'nobody.example.com')
    expect(lines).toMatchObject([
      { client: '127.0.0.1', proto: 'udp', name: 'KubIA.default.svc.cluster.local.', type: 'AAAA', rcode: 'NOERROR', queryBytes: 49 },
      { client: '127.0.0.1', proto: 'tcp', name: 'nobody.example.com.', type: 'A', rcode: 'NXDOMAIN' },
    ])
    await using quiet = await serving(synced(), {}, { log })
    await dig(quiet, 'kubia.default.svc.cluster.local')
    expect(lines).toHaveLength(2)
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
}
