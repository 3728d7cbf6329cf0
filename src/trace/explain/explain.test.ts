import { expect, test } from 'vitest'
import type { Outcome } from '../caller/messages.ts'
import { isReached, reportOf } from '../report.ts'
import { clusterIP, endpoint, ends, flow, proxyRule, rule, sets, sighting, walkOf, type Told } from './test-recording.ts'
import type { Walk } from './walk.ts'

const refused: Outcome = { result: 'refused', connectMs: 0.4, code: 'ECONNREFUSED' }
const picked = [proxyRule.services, proxyRule.byCode, proxyRule.pick]
const toFar = sighting('node-1', [ends.client, ends.service], { to: [ends.client, ends.far], matches: picked })
const atNode2 = sighting('node-2', [ends.client, ends.far], { iif: 'eth0', oif: 'veth2', cameAt: 150, wentAt: 200 })
const fromFar = sighting('node-2', [ends.far, ends.client], { direction: 'reply', flags: 'syn ack', cameAt: 260, wentAt: 280 })
const backAtNode1 = sighting('node-1', [ends.far, ends.client], { direction: 'reply', to: [ends.service, ends.client], iif: 'eth0', oif: 'veth1', cameAt: 300, wentAt: 350 })
const there = [toFar, atNode2, fromFar, backAtNode1]

function said({ steps }: Walk): string {
  return steps.flatMap(({ place, text, details, warnings }) => [`${place}: ${text}`, ...details, ...warnings.map((line) => `! ${line}`)]).join('\n')
}

test('a cluster IP: the element, the endpoint drawn, the way there and back', () => {
  const walk = walkOf({ recording: { sightings: there } })
  expect(said(walk)).toBe(
    [
      `pod client: sends SYN ${ends.client} → ${ends.service}`,
      `${ends.service} is the cluster IP of service/kubia, port 80 → targetPort 8080`,
      'node-1: comes in by veth1',
      `services: ${clusterIP} . tcp . 80 : 0:4002`,
      'slots-2: 0:4002 . 1 : 10.108.2.2 . 8080',
      'drawn at random, one of 2',
      `destination translated to ${ends.far} (pod far on node-2)`,
      'leaves by eth0',
      'node-2: comes in by eth0',
      'leaves by veth2',
      'pod far on node-2: answers (SYN+ACK)',
      'node-2: answer comes in by veth1',
      'leaves by eth0',
      'node-1: answer comes in by eth0',
      `source translated back to ${ends.service}`,
      'leaves by veth1',
      'pod client: is connected after 0.5 ms; HTTP 200 OK after 1.5 ms more',
    ].join('\n'),
  )
  expect(walk.summary).toBe('answered by pod far on node-2')
  expect(walk.steps.find(({ text }) => text.startsWith('answers'))).toMatchObject({ at: 200, took: 60 })
  expect(isReached(walk)).toBe(true)
})

for (const { name, told, says, summary } of [
  {
    name: 'a pod that meets itself',
    told: { recording: { sightings: [sighting('node-1', [ends.near, ends.service], { to: ['10.108.1.1:5', ends.near], matches: [...picked, proxyRule.hairpin] })] } },
    says: ['hairpin: 10.108.1.3 . 10.108.1.3', 'the pod meets itself', 'source translated to 10.108.1.1:5'],
    summary: 'answered by pod near on node-1',
  },
  {
    name: 'a node port',
    told: {
      recording: {
        source: { kind: 'outside', name: 'outside', netns: '' },
        connection: { protocol: 'tcp', ...flow(ends.outside, '192.168.99.11:30080') },
        sightings: [sighting('node-1', [ends.outside, '192.168.99.11:30080'], { to: ['192.168.99.11:7', ends.far], matches: [...picked, proxyRule.masqueraded] })],
      },
    },
    says: ['is the node port of service/kubia, port 80', 'services: 192.168.99.11 . tcp . 30080 : 0:4002', 'masqueraded: 192.168.99.11 . tcp . 30080', 'source translated to 192.168.99.11:7 (node-1)'],
    summary: 'answered by pod far on node-2',
  },
  {
    name: 'a Service without endpoints',
    told: {
      endpoints: [endpoint('near', 1, false)],
      namespace: 'shop',
      recording: { outcome: refused, sightings: [sighting('node-1', [ends.client, ends.service], { matches: [proxyRule.clusterIPs, proxyRule.reset], end: 'dropped' })] },
    },
    says: [`not in services, and cluster-ips: ${clusterIP}`, 'refused: meta l4proto tcp reject with tcp reset', 'ends here, refused'],
    summary: 'refused in node-1: service/kubia in shop has no ready endpoint; see ./portolan doctor service/kubia -n shop',
  },
  {
    name: 'a port that the Service does not have',
    told: {
      recording: {
        outcome: refused,
        connection: { protocol: 'tcp', ...flow(ends.client, `${clusterIP}:81`) },
        sightings: [sighting('node-1', [ends.client, `${clusterIP}:81`], { matches: [proxyRule.clusterIPs, proxyRule.reset], end: 'dropped' })],
      },
    },
    says: ['is the cluster IP of service/kubia, which has no tcp port 81'],
    summary: 'refused in node-1: service/kubia has no tcp port 81, only port 80',
  },
  {
    name: 'a refusal that the API does not explain',
    told: { recording: { outcome: refused, sightings: [sighting('node-1', [ends.client, ends.service], { matches: [proxyRule.clusterIPs, proxyRule.reset], end: 'dropped' })] } },
    says: [],
    summary: 'refused in node-1, though service/kubia has ready endpoints (2); see ./portolan doctor service/kubia',
  },
  {
    name: 'an endpoint that the API does not have',
    told: { endpoints: [endpoint('near', 1)], recording: { sightings: there } },
    says: [`! the API has no endpoint ${ends.far} of service/kubia, port 80: the proxy of node-1 is behind`],
    summary: 'answered by pod far on node-2',
  },
  {
    name: 'a pod that does not listen',
    told: { recording: { outcome: refused, sightings: [toFar, atNode2, { ...fromFar, flags: 'rst ack' }] } },
    says: ['pod far on node-2: refuses: nobody listens on port 8080 (RST)', 'pod client: is refused after 0.4 ms (ECONNREFUSED)'],
    summary: 'refused by pod far on node-2: nobody listens on port 8080',
  },
  {
    name: 'no endpoint on this node, with the policy Local',
    told: { recording: { outcome: { result: 'timeout', connectMs: 2_500 }, earlierTries: 1, sightings: [sighting('node-1', [ends.outside, ends.service], { matches: [proxyRule.outside, proxyRule.noneHere], end: 'dropped' })] } },
    says: ['try 2: nothing came back before', 'its code says drop: there is no endpoint for this client here', 'ends here, dropped without a word'],
    summary: 'dropped in node-1: service/kubia has no endpoint on node-1, and its traffic policy is Local',
  },
  {
    name: 'a client that source ranges leave out',
    told: { recording: { outcome: { result: 'timeout' }, sightings: [sighting('node-1', [ends.outside, ends.service], { matches: [proxyRule.restricted], end: 'dropped' })] } },
    says: ['dropped: the client is in none of its allowed-sources (loadBalancerSourceRanges)'],
    summary: 'dropped in node-1: the loadBalancerSourceRanges of service/kubia leave the client out',
  },
  {
    name: 'a rule of somebody else',
    told: { recording: { outcome: { result: 'timeout' }, sightings: [sighting('node-1', [ends.client, ends.far], { matches: [rule('firewall', 'forward', 'tcp dport 8080 drop', 'drop')], end: 'dropped' })] } },
    says: ['table firewall, chain forward: tcp dport 8080 drop (drop)'],
    summary: 'dropped in node-1 by table firewall, which is none of ours',
  },
  {
    name: 'a destination that nobody has a way to',
    told: { recording: { outcome: { result: 'unreachable', code: 'EHOSTUNREACH' }, connection: { protocol: 'tcp', ...flow(ends.client, '198.51.100.1:80') }, sightings: [sighting('edge', [ends.client, '198.51.100.1:80'], { end: 'lost' })] } },
    says: ['198.51.100.1 is no address of the cluster', 'ends here: no rule dropped it, and the kernel did not pass it on'],
    summary: 'edge has no way to 198.51.100.1',
  },
] satisfies readonly { name: string; told: Told; says: readonly string[]; summary: string }[]) {
  test(name, () => {
    const walk = walkOf(told)
    for (const line of says) expect(said(walk)).toContain(line)
    expect(walk.summary).toBe(summary)
    expect(isReached(walk)).toBe(walk.outcome.result === 'answered')
  })
}

test('what goes round in circles is not told of for ever', () => {
  const there = [ends.client, '10.108.1.99:80'] as const
  const turn = [sighting('edge', there, { iif: 'nodes' }), sighting('node-1', there, { iif: 'eth0' })]
  const sightings = [sighting('node-1', there), ...Array.from({ length: 30 }, () => turn).flat()].map((each, index) => ({ ...each, cameAt: index }))
  const walk = walkOf({ recording: { sightings, outcome: { result: 'unreachable', code: 'EHOSTUNREACH' }, connection: { protocol: 'tcp', ...flow(...there) } } })
  expect(walk.steps.map(({ place, text }) => `${place}: ${text}`)).toEqual([
    `pod client: sends SYN ${there.join(' → ')}`,
    'node-1: comes in by veth1',
    'edge: comes in by nodes',
    'node-1: comes in by eth0',
    'edge: comes again, 58 times in all places',
    'pod client: cannot reach it (EHOSTUNREACH)',
  ])
  expect(walk.summary).toBe('sent round in circles by edge and node-1: nobody has 10.108.1.99')
})

test('an Ingress that nothing is asked of', () => {
  const at = '203.0.113.3:80'
  const sightings = [sighting('edge', [ends.outside, at], { end: 'delivered' })]
  const walk = walkOf({ spec: { loadBalancerClass: 'portolan.dev/ingress', externalIPs: ['203.0.113.3'] }, recording: { sightings, connection: { protocol: 'tcp', ...flow(ends.outside, at) } } })
  expect(said(walk)).toContain('given to a program here: 203.0.113.3:80\nwhich is HAProxy: what it sends to pods')
  expect(walk.summary).toBe('answered by a program on the edge')
})

test('affinity: the element by which a client is remembered', () => {
  const frontend = `${clusterIP} . tcp . 80`
  const chain = 'sticky-2-10800'
  const sticky = sets({ affinity: { [`10.108.1.2 . ${frontend}`]: 'ab:cd' }, 'sticky-endpoints': { [`${frontend} . ab:cd`]: '10.108.2.2 . 8080' } })
  const matches = [
    rule('portolan-proxy', chain, 'meta priority set ip saddr . ip daddr . meta l4proto . th dport map @affinity update @affinity { ip saddr . ip daddr . meta l4proto . th dport timeout 3h : meta priority }', 'continue'),
    rule('portolan-proxy', chain, 'dnat ip to ip daddr . meta l4proto . th dport . meta priority map @sticky-endpoints', 'accept'),
  ]
  const walk = walkOf({ recording: { sightings: [{ ...toFar, matches }], elements: new Map([['node-1', new Map([['portolan-proxy', sticky]])]]) } })
  expect(said(walk)).toContain(`affinity: 10.108.1.2 . ${frontend} : ab:cd\nthe client is remembered, for 10800 s from now\nsticky-endpoints: ${frontend} . ab:cd : 10.108.2.2 . 8080`)
})

test('the load balancer: the element and how the node was chosen', () => {
  const table = 'portolan-load-balancer'
  const matches = [
    rule(table, 'prerouting', 'ip daddr @pool goto balance', 'goto balance'),
    rule(table, 'balance', 'meta mark set ip daddr . meta l4proto . th dport map @frontends goto choose', 'goto choose'),
    rule(table, 'choose', 'meta mark & 0x00010000 == 0x00000000 meta mark set meta mark . jhash ip saddr . th sport mod 127 seed 0x706f7274 map @buckets ct mark set meta mark accept', 'accept'),
  ]
  const held = sets({ frontends: { '203.0.113.10 . tcp . 80': '0x00000001' } })
  const sightings = [sighting('edge', [ends.outside, '203.0.113.10:80'], { matches })]
  const walk = walkOf({ recording: { sightings, elements: new Map([['edge', new Map([[table, held]])]]) } })
  expect(said(walk)).toContain('frontends: 203.0.113.10 . tcp . 80 : 0x00000001\nbuckets: a node chosen by the hash of the client’s address and port')
})

test('what DNS says, question by question', () => {
  const questions = [
    { name: 'ext.default.svc.cluster.local', server: '10.96.0.10', ms: 1, addresses: [], alias: 'api.somecompany.com', error: 'ESERVFAIL' },
    { name: 'ext.svc.cluster.local', server: '10.96.0.10', ms: 1, addresses: [], error: 'ENOTFOUND' },
  ]
  const target = { text: 'ext:80', protocol: 'tcp', host: 'ext', port: 80 } as const
  const walk = walkOf({ recording: { naming: { by: 'dns', questions }, outcome: { result: 'no address' }, target } })
  expect(said(walk)).toContain('ext.default.svc.cluster.local: alias of api.somecompany.com: fails (ESERVFAIL)\next.svc.cluster.local: does not exist')
  expect(walk.summary).toBe('ext is an alias of a name without an address')
  expect(isReached(walk)).toBe(false)
})

test('a report has the times at the right and connection tracking at the end', () => {
  const tracked = new Map([['node-1', { original: flow(ends.client, ends.service), reply: flow(ends.far, ends.client), state: 'ESTABLISHED', seconds: 9, isAnswered: true, mark: 0 }]])
  const plain = { good: String, bad: String, faint: String }
  const lines = reportOf(walkOf({ recording: { sightings: there, tracked } }), plain).split('\n')
  expect(lines[0]).toBe('http://kubia from pod client')
  const [timed = ''] = lines.filter((line) => line.startsWith(' 2. node-1: comes in by veth1 '))
  expect([timed.length, timed.endsWith(' +0 µs, took 100 µs')]).toEqual([80, true])
  expect(lines.slice(-4)).toEqual([
    'connection tracking',
    `  node-1: ${ends.client} → ${ends.service}, ESTABLISHED, kept for 9 s`,
    `          answered by ${ends.far} → ${ends.client}`,
    'answered by pod far on node-2',
  ])
  expect(lines.filter((line) => line.length > 100)).toEqual([])
})
