import { decode, encode, type Answer } from 'dns-packet'
import { expect, test } from 'vitest'
import { ManualClock } from '../../../base/manual-clock.ts'
import { MetricRegistry } from '../../../base/metrics.ts'
import { rcodeLabel } from '../metrics-labels.ts'
import { parseQuery, type Query } from '../query.ts'
import { rcode } from '../record.ts'
import { encodeExternalAnswer } from './external-answer.ts'
import { externalQuery } from './external-query.ts'
import { ForwardMetrics } from './forward-metrics.ts'
import { forwarder, type ForwardOptions, type Forwarder } from './forwarder.ts'
import { TestUpstream, type TestAnswer } from './test-upstream.ts'

interface Setup extends Disposable {
  readonly forward: Forwarder
  readonly metrics: MetricRegistry
  readonly clock: ManualClock
}

function setUp(options: Partial<ForwardOptions>): Setup {
  const [clock, metrics] = [new ManualClock(), new MetricRegistry()]
  const forward = forwarder({ upstreams: [], ...options }, { clock, metrics: new ForwardMetrics(metrics, 'dns://test') })
  return { forward, metrics, clock, [Symbol.dispose]: () => forward.close() }
}

function queryFor(name: string, type: 'A' | 'AAAA' = 'A'): Query {
  const parsed = parseQuery(encode({ type: 'query', id: 7, flags: 0x0100, questions: [{ type, name }] }))
  if (parsed.outcome !== 'query') throw new Error(parsed.outcome)
  return parsed.query
}

/** The addresses that a name gets, the error's name, or why there is no answer. */
async function lookUp({ forward }: Setup, name: string, limitBytes = 65_535): Promise<string> {
  const query = queryFor(name)
  const exchange = await forward.exchange(externalQuery(query))
  if (exchange.outcome !== 'answered') return exchange.outcome
  const packet = decode(encodeExternalAnswer(exchange.answer, query, { ageSeconds: exchange.ageSeconds, limitBytes }))
  const code = (packet.flags ?? 0) & 15
  if (code !== rcode.noError) return rcodeLabel(code)
  const texts = (packet.answers ?? []).map((answer) => ('data' in answer ? String(answer.data) : answer.type))
  return texts.join(' ') + (packet.flag_tc ? ' …' : '')
}

const address = (data: string, ttl = 60): Answer[] => [{ type: 'A', name: 'api.example', ttl, data }]
const metric = async ({ metrics }: Setup, name: string) =>
  (await metrics.text()).split('\n').filter((line) => line.startsWith(name)).map((line) => Number(line.split(' ').at(-1)))

/** Lets time pass once an upstream has been asked, without real time passing. */
async function passAfter(asked: TestUpstream, { clock }: Setup, ms: number): Promise<void> {
  const before = asked.asked.length
  await expect.poll(() => asked.asked.length, { interval: 1 }).toBeGreaterThan(before)
  clock.advance(ms)
}

async function upstreamWith(answers: Record<string, TestAnswer>, soa?: Answer): Promise<TestUpstream> {
  const upstream = new TestUpstream(answers, soa === undefined ? {} : { soa })
  await upstream.listen()
  return upstream
}

test('without upstreams nothing is tried', async () => {
  using own = setUp({})
  expect(await lookUp(own, 'api.example')).toBe('nowhere')
})

const patienceMs = 300
const resendMs = 800
const checkMs = 500
const timeoutMs = 2_000

for (const { name, first, waits, gets } of [
  { name: 'says nothing', first: 'silence', waits: true, gets: '192.0.2.2' },
  { name: 'has another id', first: 'wrong id', waits: true, gets: '192.0.2.2' },
  { name: 'answers another question', first: 'another question', waits: true, gets: '192.0.2.2' },
  { name: 'sends no octets', first: 'no octets', waits: true, gets: '192.0.2.2' },
  { name: 'fails', first: 'server failure', waits: false, gets: '192.0.2.2' },
  { name: 'refuses', first: 'refused', waits: false, gets: '192.0.2.2' },
  { name: 'has an answer', first: address('192.0.2.1'), waits: false, gets: '192.0.2.1' },
] satisfies { name: string; first: TestAnswer; waits: boolean; gets: string }[]) {
  test(`where the first upstream ${name}, the answer is ${gets}`, async () => {
    await using one = await upstreamWith({ 'api.example': first })
    await using two = await upstreamWith({ 'api.example': address('192.0.2.2') })
    using own = setUp({ upstreams: [one.at, two.at] })
    const answer = lookUp(own, 'api.example')
    if (waits) await passAfter(one, own, patienceMs)
    expect(await answer).toBe(gets)
    expect(one.asked).toEqual(['udp A api.example'])
    expect(two.asked).toHaveLength(gets === '192.0.2.2' ? 1 : 0)
  })
}

test('the first upstream may still answer after the second has been asked', async () => {
  await using one = await upstreamWith({ 'api.example': 'silence' })
  await using two = await upstreamWith({ 'api.example': 'silence' })
  using own = setUp({ upstreams: [one.at, two.at] })
  const answer = lookUp(own, 'api.example')
  await passAfter(one, own, patienceMs)
  await expect.poll(() => two.asked.length, { interval: 1 }).toBe(1)
  one.answers['api.example'] = address('192.0.2.1')
  own.clock.advance(resendMs)
  expect(await answer).toBe('192.0.2.1')
})

test('that a name is not there is an answer: no other upstream is asked', async () => {
  await using one = await upstreamWith({})
  await using two = await upstreamWith({ 'api.example': address('192.0.2.2') })
  using own = setUp({ upstreams: [one.at, two.at] })
  expect(await lookUp(own, 'api.example')).toBe('NXDOMAIN')
  expect(two.asked).toEqual([])
})

test('a refusal is passed on where nobody helps, a failure where nobody answers', async () => {
  await using upstream = await upstreamWith({ 'api.example': 'refused', 'quiet.example': 'silence' })
  using own = setUp({ upstreams: [upstream.at] })
  expect(await lookUp(own, 'api.example')).toBe('REFUSED')
  const quiet = lookUp(own, 'quiet.example')
  await passAfter(upstream, own, timeoutMs)
  expect(await quiet).toBe('failed')
})

test('a lost packet is sent again', async () => {
  await using upstream = await upstreamWith({ 'api.example': 'silence' })
  using own = setUp({ upstreams: [upstream.at] })
  const answer = lookUp(own, 'api.example')
  await expect.poll(() => upstream.asked.length, { interval: 1 }).toBe(1)
  upstream.answers['api.example'] = address('192.0.2.1')
  own.clock.advance(resendMs)
  expect(await answer).toBe('192.0.2.1')
  expect(upstream.asked).toEqual(['udp A api.example', 'udp A api.example'])
})

test('what UDP has no room for comes over TCP, and is cut for askers who have none', async () => {
  const many = Array.from({ length: 200 }, (_, index) => `192.0.2.${index}`)
  await using upstream = await upstreamWith({ 'api.example': many.flatMap((data) => address(data)) })
  using own = setUp({ upstreams: [upstream.at] })
  expect(await lookUp(own, 'api.example')).toBe(many.join(' '))
  expect(upstream.asked).toEqual(['udp A api.example', 'tcp A api.example'])
  const short = await lookUp(own, 'api.example', 512)
  expect(short).toMatch(/^192\.0\.2\.0 .* …$/)
  expect(upstream.asked).toHaveLength(2)
})

test('an upstream that fails is asked last until it answers its health checks', async () => {
  const gone = await upstreamWith({})
  await gone[Symbol.asyncDispose]()
  await using other = await upstreamWith({})
  using own = setUp({ upstreams: [gone.at, other.at] })
  expect(await lookUp(own, 'a.example')).toBe('NXDOMAIN')
  own.clock.advance(checkMs)
  await expect.poll(() => metric(own, 'coredns_proxy_healthcheck_failures_total'), { interval: 1 }).toEqual([1])

  await using back = new TestUpstream({})
  await back.listen({ port: Number(gone.at.split(':')[1]) })
  expect(await lookUp(own, 'b.example')).toBe('NXDOMAIN')
  expect([back.asked, other.asked]).toEqual([[], ['udp A a.example', 'udp A b.example']])
  own.clock.advance(checkMs)
  await expect.poll(() => back.healthChecks, { interval: 1 }).toBe(1)
  await expect.poll(() => lookUp(own, 'c.example').then(() => back.asked.length), { interval: 1 }).toBeGreaterThan(0)
})

test('where no upstream has answered of late, who asks is told soon, and one that answers again is believed', async () => {
  await using upstream = await upstreamWith({ '.': 'silence', 'a.example': 'silence', 'b.example': 'silence', 'c.example': 'silence' })
  using own = setUp({ upstreams: [upstream.at] })
  for (const [name, ms] of [['a.example', timeoutMs], ['b.example', timeoutMs], ['c.example', patienceMs]] as const) {
    const answer = lookUp(own, name)
    await passAfter(upstream, own, ms)
    expect(await answer).toBe('failed')
  }
  expect(await metric(own, 'coredns_forward_healthcheck_broken_total')).toEqual([1])
  upstream.answers['d.example'] = address('192.0.2.1')
  expect(await lookUp(own, 'd.example')).toBe('192.0.2.1')
})

test('names of a stub domain are asked of its own upstreams, the longest one that fits', async () => {
  const everything = { 'api.example': address('192.0.2.1'), 'api.corp.example': address('192.0.2.1'), 'deep.in.corp.example': address('192.0.2.1') }
  await using all = await upstreamWith(everything)
  await using corp = await upstreamWith({ ...everything, 'api.corp.example': address('192.0.2.2') })
  await using deep = await upstreamWith({ 'deep.in.corp.example': address('192.0.2.3') })
  const stubDomains = [
    { domain: 'Corp.Example', upstreams: [corp.at] },
    { domain: 'in.corp.example.', upstreams: [deep.at] },
  ]
  using own = setUp({ upstreams: [all.at], stubDomains })
  expect(await lookUp(own, 'api.example')).toBe('192.0.2.1')
  expect(await lookUp(own, 'API.corp.example')).toBe('192.0.2.2')
  expect(await lookUp(own, 'deep.in.corp.example')).toBe('192.0.2.3')
  using only = setUp({ stubDomains })
  expect(await lookUp(only, 'api.corp.example')).toBe('192.0.2.2')
  expect(await lookUp(only, 'api.example')).toBe('nowhere')
})

test('those who ask the same at the same time share one question', async () => {
  await using upstream = await upstreamWith({ 'api.example': address('192.0.2.1') })
  using own = setUp({ upstreams: [upstream.at] })
  const all = await Promise.all(['api.example', 'API.example', 'api.EXAMPLE'].map((name) => lookUp(own, name)))
  expect(all).toEqual(['192.0.2.1', '192.0.2.1', '192.0.2.1'])
  expect(upstream.asked).toHaveLength(1)
})

test('answers are kept as long as they live, which gets shorter, and not longer than 30 s', async () => {
  await using upstream = await upstreamWith({ 'short.example': address('192.0.2.1', 10), 'long.example': address('192.0.2.1', 3600), 'never.example': address('192.0.2.1', 0) })
  using own = setUp({ upstreams: [upstream.at] })
  const ttlOf = async (name: string) => {
    const query = queryFor(name)
    const exchange = await own.forward.exchange(externalQuery(query))
    if (exchange.outcome !== 'answered') throw new Error(exchange.outcome)
    const [record] = decode(encodeExternalAnswer(exchange.answer, query, { ageSeconds: exchange.ageSeconds, limitBytes: 512 })).answers ?? []
    return record !== undefined && 'ttl' in record ? record.ttl : undefined
  }
  for (const name of ['short.example', 'long.example', 'never.example']) await ttlOf(name)
  own.clock.advance(8_000)
  expect(await ttlOf('short.example')).toBe(2)
  expect(await ttlOf('long.example')).toBe(3592)
  expect(upstream.asked.filter((asked) => !asked.includes('never'))).toHaveLength(2)
  expect(await ttlOf('never.example')).toBe(0)
  expect(upstream.asked.filter((asked) => asked.includes('never'))).toHaveLength(2)
  own.clock.advance(3_000)
  expect(await ttlOf('short.example')).toBe(10)
  own.clock.advance(20_000)
  expect(await ttlOf('long.example')).toBe(3600)
  expect(await metric(own, 'coredns_cache_hits_total')).toEqual([2])
  expect(await metric(own, 'coredns_cache_entries')).toEqual([2])
})

test('that there is nothing is kept as long as the SOA record says, and not without one', async () => {
  const soa: Answer = {
    type: 'SOA',
    name: 'example',
    ttl: 3600,
    data: { mname: 'ns.example', rname: 'root.example', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 5 },
  }
  await using withSoa = await upstreamWith({}, soa)
  await using without = await upstreamWith({})
  using own = setUp({ upstreams: [withSoa.at], stubDomains: [{ domain: 'other', upstreams: [without.at] }] })
  for (const name of ['nobody.example', 'nobody.example', 'nobody.other', 'nobody.other']) expect(await lookUp(own, name)).toBe('NXDOMAIN')
  expect([withSoa.asked.length, without.asked.length]).toEqual([1, 2])
  own.clock.advance(6_000)
  await lookUp(own, 'nobody.example')
  expect(withSoa.asked).toHaveLength(2)
})

test('a popular answer is asked for anew before it is missed, once', async () => {
  await using upstream = await upstreamWith({ 'api.example': address('192.0.2.1', 20) })
  using own = setUp({ upstreams: [upstream.at] })
  for (let index = 0; index < 4; index += 1) await lookUp(own, 'api.example')
  own.clock.advance(19_000)
  upstream.answers['api.example'] = address('192.0.2.9', 20)
  expect(await lookUp(own, 'api.example')).toBe('192.0.2.1')
  expect(await lookUp(own, 'api.example')).toBe('192.0.2.1')
  await expect.poll(() => lookUp(own, 'api.example')).toBe('192.0.2.9')
  expect(upstream.asked).toHaveLength(2)
  expect(await metric(own, 'coredns_cache_prefetch_total')).toEqual([1])
})

test.each(['nonsense', 'a.b.c.d', '1.2.3.4:0', '1.2.3.4:99999', '1.2.3.4:x'])('%s is no upstream', (upstream) => {
  expect(() => setUp({ upstreams: [upstream] })).toThrow(`upstream DNS server "${upstream}" is not an IP address with or without a port`)
})
