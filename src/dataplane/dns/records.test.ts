import { describe, expect, test } from 'vitest'
import type { Answer, PodRecords, RecordOptions } from './answer.ts'
import { LiveZone } from './live-zone.ts'
import { answer } from './records.ts'
import { labelsOf, recordType, type DnsRecord } from './record.ts'
import { drop, exampleCaches, TestCaches } from './test-zone.ts'

const options: RecordOptions = { clusterDomain: 'cluster.local', ttlSeconds: 5, podRecords: 'verified' }
const caches = exampleCaches()
caches.markSynced()
const zone = new LiveZone(caches)

type TypeName = keyof typeof recordType

function ask(name: string, type: TypeName, of = zone): Answer {
  return answer({ name, labels: labelsOf(name), type: recordType[type] }, of, options)
}

/** `found A 10.96.7.7 + A …`, or the outcome alone. */
function summary(answered: Answer): string {
  if (answered.outcome === 'alias') return `alias ${answered.alias.target}`
  if (answered.outcome !== 'found') return answered.outcome
  const [answers, additionals] = [answered.answers, answered.additionals].map((records) => Array.from(records, data).join(', '))
  return `found ${answers}${additionals === '' ? '' : ` + ${additionals}`}`
}

function data(record: DnsRecord): string {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return `${record.type} ${record.address}`
    case 'SRV':
      return `SRV ${record.priority} ${record.weight} ${record.port} ${record.target}`
    case 'TXT':
      return `TXT ${record.text}`
    case 'SOA':
      return `SOA ${record.primary} ${record.mailbox} ${record.minimumSeconds}`
    default:
      return `${record.type} ${record.target}`
  }
}

const kubia = 'kubia.default.svc.cluster.local'
const headless = 'headless.default.svc.cluster.local'

/** The reverse name of fd00::<end>. */
function reverse(end: string): string {
  return `${`fd00${'0'.repeat(24)}${end}`.split('').reverse().join('.')}.ip6.arpa`
}

describe.each<{ of: string; questions: readonly (readonly [name: string, type: TypeName, expected: string])[] }>([
  {
    of: 'a Service with a cluster IP',
    questions: [
      [kubia, 'A', 'found A 10.96.7.7'],
      [`${kubia}.`, 'A', 'found A 10.96.7.7'],
      ['KubIA.Default.SVC.cluster.LOCAL', 'A', 'found A 10.96.7.7'],
      [kubia, 'AAAA', 'no-data'],
      [kubia, 'TXT', 'no-data'],
      [kubia, 'SRV', `found SRV 0 50 80 ${kubia}, SRV 0 50 443 ${kubia} + A 10.96.7.7`],
      [`_http._tcp.${kubia}`, 'SRV', `found SRV 0 100 80 ${kubia} + A 10.96.7.7`],
      [`_http._tcp.${kubia}`, 'A', 'no-data'],
      [`_http._udp.${kubia}`, 'SRV', 'no-name'],
      [`_nope._tcp.${kubia}`, 'SRV', 'no-name'],
      [`http.tcp.${kubia}`, 'SRV', 'no-name'],
      [`a.b.c.${kubia}`, 'A', 'no-name'],
      [`10-108-1-9.${kubia}`, 'A', 'found A 10.108.1.9'],
      [`10-108-1-8.${kubia}`, 'A', 'no-name'],
      ['dual.default.svc.cluster.local', 'A', 'found A 10.96.7.8'],
      ['dual.default.svc.cluster.local', 'AAAA', 'found AAAA fd00::8'],
      ['pending.default.svc.cluster.local', 'A', 'no-name'],
    ],
  },
  {
    of: 'a headless Service',
    questions: [
      [headless, 'A', 'found A 10.108.1.4, A 10.108.1.5'],
      [headless, 'AAAA', 'no-data'],
      [`web-0.${headless}`, 'A', 'found A 10.108.1.4'],
      [`10-108-1-5.${headless}`, 'A', 'found A 10.108.1.5'],
      [`10-108-1-6.${headless}`, 'A', 'no-name'],
      [
        `_http._tcp.${headless}`,
        'SRV',
        `found SRV 0 50 8080 web-0.${headless}, SRV 0 50 8080 10-108-1-5.${headless} + A 10.108.1.4, A 10.108.1.5`,
      ],
      ['unready.default.svc.cluster.local', 'A', 'no-name'],
    ],
  },
  {
    of: 'a Service of type ExternalName',
    questions: [
      ['external.default.svc.cluster.local', 'A', 'alias api.somecompany.com'],
      ['external.default.svc.cluster.local', 'AAAA', 'alias api.somecompany.com'],
      ['external.default.svc.cluster.local', 'CNAME', 'found CNAME api.somecompany.com'],
      ['external.default.svc.cluster.local', 'SRV', 'found CNAME api.somecompany.com'],
      ['a.external.default.svc.cluster.local', 'A', 'no-name'],
      ['_http._tcp.external.default.svc.cluster.local', 'SRV', 'no-name'],
      ['address.default.svc.cluster.local', 'A', 'no-name'],
    ],
  },
  {
    of: 'names above Services',
    questions: [
      ['cluster.local', 'SOA', 'found SOA ns.dns.cluster.local hostmaster.cluster.local 5'],
      ['cluster.local', 'NS', 'found NS ns.dns.cluster.local + A 10.96.0.10'],
      ['cluster.local', 'A', 'no-data'],
      ['ns.dns.cluster.local', 'A', 'found A 10.96.0.10'],
      ['dns.cluster.local', 'A', 'no-data'],
      ['x.dns.cluster.local', 'A', 'no-name'],
      ['dns-version.cluster.local', 'TXT', 'found TXT 1.1.0'],
      ['dns-version.cluster.local', 'A', 'no-data'],
      ['svc.cluster.local', 'A', 'no-data'],
      ['default.svc.cluster.local', 'A', 'no-data'],
      ['empty.svc.cluster.local', 'A', 'no-data'],
      ['nowhere.svc.cluster.local', 'A', 'no-name'],
      ['kubia.nowhere.svc.cluster.local', 'A', 'no-name'],
      ['nobody.default.svc.cluster.local', 'A', 'no-name'],
      ['pod.cluster.local', 'A', 'no-data'],
      ['default.pod.cluster.local', 'A', 'no-data'],
      ['kubia.default.cluster.local', 'A', 'no-name'],
    ],
  },
  {
    of: 'pods',
    questions: [
      ['10-108-1-9.default.pod.cluster.local', 'A', 'found A 10.108.1.9'],
      ['10-108-1-9.Default.POD.cluster.local', 'A', 'found A 10.108.1.9'],
      ['10-108-1-9.default.pod.cluster.local', 'AAAA', 'no-data'],
      ['10-108-1-9.default.pod.cluster.local', 'SRV', 'no-data'],
      ['fd00--9.default.pod.cluster.local', 'AAAA', 'found AAAA fd00::9'],
      ['fd00-0-0-0-0-0-0-9.default.pod.cluster.local', 'AAAA', 'found AAAA fd00:0:0:0:0:0:0:9'],
      ['fd00--9.default.pod.cluster.local', 'A', 'no-data'],
      ['192-168-99-11.empty.pod.cluster.local', 'A', 'found A 192.168.99.11'],
      ['10-108-1-9.empty.pod.cluster.local', 'A', 'no-name'],
      ['10-108-1-9.nowhere.pod.cluster.local', 'A', 'no-name'],
      ['10-108-1-8.default.pod.cluster.local', 'A', 'no-name'],
      ['10-108-1-20.default.pod.cluster.local', 'A', 'no-name'],
      ['10-108-1-21.default.pod.cluster.local', 'A', 'no-name'],
      ['web.default.pod.cluster.local', 'A', 'no-name'],
      ['10-108-1.default.pod.cluster.local', 'A', 'no-name'],
      ['10-108-1-999.default.pod.cluster.local', 'A', 'no-name'],
      ['x.10-108-1-9.default.pod.cluster.local', 'A', 'no-name'],
      ['nowhere.pod.cluster.local', 'A', 'no-name'],
    ],
  },
  {
    of: 'IPv6 endpoints',
    questions: [
      ['six.default.svc.cluster.local', 'AAAA', 'found AAAA FD00:0::0:3, AAAA fd00:1::, AAAA fd00::1:2'],
      ['six.default.svc.cluster.local', 'A', 'no-data'],
      ['fd00--1-2.six.default.svc.cluster.local', 'AAAA', 'found AAAA fd00::1:2'],
      ['fd00-1--0.six.default.svc.cluster.local', 'AAAA', 'found AAAA fd00:1::'],
      ['web-6.six.default.svc.cluster.local', 'AAAA', 'found AAAA FD00:0::0:3'],
      [
        '_http._tcp.six.default.svc.cluster.local',
        'SRV',
        'found SRV 0 33 8080 web-6.six.default.svc.cluster.local, SRV 0 33 8080 fd00-1--0.six.default.svc.cluster.local, SRV 0 33 8080 fd00--1-2.six.default.svc.cluster.local + AAAA FD00:0::0:3, AAAA fd00:1::, AAAA fd00::1:2',
      ],
      [reverse('0008'), 'PTR', 'found PTR dual.default.svc.cluster.local'],
      [reverse('0003').toUpperCase(), 'PTR', 'found PTR web-6.six.default.svc.cluster.local'],
      [reverse('0008'), 'A', 'no-data'],
      [reverse('0007'), 'PTR', 'elsewhere'],
      [reverse('000'), 'PTR', 'elsewhere'],
      [reverse('00x8'), 'PTR', 'elsewhere'],
    ],
  },
  {
    of: 'addresses',
    questions: [
      ['7.7.96.10.in-addr.arpa', 'PTR', `found PTR ${kubia}`],
      ['4.1.108.10.in-addr.arpa', 'PTR', `found PTR Web-0.${headless}`],
      ['9.1.108.10.IN-ADDR.arpa', 'PTR', `found PTR 10-108-1-9.${kubia}`],
      ['7.7.96.10.in-addr.arpa', 'A', 'no-data'],
      ['6.1.108.10.in-addr.arpa', 'PTR', 'elsewhere'],
      ['1.2.0.192.in-addr.arpa', 'PTR', 'elsewhere'],
      ['96.10.in-addr.arpa', 'PTR', 'elsewhere'],
      ['300.7.96.10.in-addr.arpa', 'PTR', 'elsewhere'],
    ],
  },
  {
    of: 'other names and types',
    questions: [
      ['example.com', 'A', 'elsewhere'],
      ['local', 'A', 'elsewhere'],
      ['', 'NS', 'elsewhere'],
      ['notcluster.local', 'A', 'elsewhere'],
      [kubia, 'ANY', 'refused'],
      ['cluster.local', 'AXFR', 'refused'],
      ['cluster.local', 'IXFR', 'refused'],
    ],
  },
])('$of', ({ questions }) => {
  test.each(questions)('%s %s → %s', (name, type, expected) => {
    expect(summary(ask(name, type))).toBe(expected)
  })
})

describe('pods have names in the mode', () => {
  const [pod, nobody, noAddress] = ['10-108-1-9', '10-108-1-8', 'web'].map((label) => `${label}.default.pod.cluster.local`)
  test.each<[PodRecords, string | undefined, string]>([
    ['insecure', pod, 'found A 10.108.1.9'],
    ['insecure', nobody, 'found A 10.108.1.8'],
    ['insecure', noAddress, 'no-name'],
    ['insecure', '10-108-1-8.nowhere.pod.cluster.local', 'no-name'],
    ['insecure', 'default.pod.cluster.local', 'no-data'],
    ['disabled', pod, 'no-name'],
    ['disabled', 'default.pod.cluster.local', 'no-name'],
    ['disabled', 'pod.cluster.local', 'no-data'],
  ])('%s: %s → %s', (podRecords, name = '', expected) => {
    const asked = { name, labels: labelsOf(name), type: recordType.A }
    expect(summary(answer(asked, zone, { ...options, podRecords }))).toBe(expected)
  })

  test('verified, from the moment that their addresses are known, until they end', () => {
    const live = exampleCaches()
    for (const cache of [live.services, live.slices, live.namespaces]) cache.markSynced()
    const following = new LiveZone(live)
    const now = () => summary(ask('10-108-1-30.default.pod.cluster.local', 'A', following))
    expect(now()).toBe('not-synced')
    expect(summary(ask(kubia, 'A', following))).toBe('found A 10.96.7.7')
    live.pods.markSynced()
    expect(now()).toBe('no-name')
    live.pod('default', 'new', { phase: 'Running', podIP: '10.108.1.30' })
    live.pod('default', 'twin', { phase: 'Running', podIP: '10.108.1.30' })
    expect(now()).toBe('found A 10.108.1.30')
    live.pod('default', 'new', { phase: 'Failed', podIP: '10.108.1.30' })
    expect(now()).toBe('found A 10.108.1.30')
    const { serial } = following
    live.pod('default', 'twin', { phase: 'Running', podIP: '10.108.1.30', message: 'is not what names speak of' })
    expect(following.serial).toBe(serial)
    drop(live.pods, 'default/twin')
    expect(now()).toBe('no-name')
  })
})

test('records are about the name as it was asked for, with the TTL that is set', () => {
  const name = 'KubIA.default.svc.cluster.local'
  expect(ask(name, 'A')).toMatchObject({ answers: [{ name, ttlSeconds: 5, type: 'A', address: '10.96.7.7' }] })
})

test('negative answers carry the SOA record, with the same TTL', () => {
  expect(ask('nobody.default.svc.cluster.local', 'A')).toMatchObject({
    outcome: 'no-name',
    authority: { type: 'SOA', name: 'cluster.local', ttlSeconds: 5, minimumSeconds: 5 },
  })
})

test('nothing is said to be missing before the state is known', () => {
  const unsynced = new TestCaches()
  const fresh = new LiveZone(unsynced)
  expect(ask(kubia, 'A', fresh).outcome).toBe('not-synced')
  expect(ask('7.7.96.10.in-addr.arpa', 'PTR', fresh).outcome).toBe('not-synced')
  expect(ask('example.com', 'A', fresh).outcome).toBe('elsewhere')
  unsynced.markSynced()
  expect(ask(kubia, 'A', fresh).outcome).toBe('no-name')
})

test('another cluster domain', () => {
  const of = { ...options, clusterDomain: 'corp.example', ttlSeconds: 30 }
  const name = 'kubia.default.svc.corp.example'
  const asked = { name, labels: labelsOf(name), type: recordType.A }
  expect(summary(answer(asked, zone, of))).toBe('found A 10.96.7.7')
})

test('changes are answered from the moment the cache has them', () => {
  const live = exampleCaches()
  live.markSynced()
  const following = new LiveZone(live)
  const now = (name: string, type: TypeName = 'A') => summary(ask(`${name}.default.svc.cluster.local`, type, following))
  const serial = following.serial

  live.service('default', 'kubia', { clusterIP: '10.96.7.70', clusterIPs: ['10.96.7.70'] })
  expect(now('kubia')).toBe('found A 10.96.7.70')
  expect(summary(ask('7.7.96.10.in-addr.arpa', 'PTR', following))).toBe('elsewhere')

  live.slice('default', 'headless', { endpoints: [{ addresses: ['10.108.1.6'] }] })
  const endpoints = [{ addresses: ['10.108.2.2'] }, { addresses: ['10.108.1.6'] }]
  live.slice('default', 'headless', { endpoints }, 'headless-2')
  expect(now('headless')).toBe('found A 10.108.1.6, A 10.108.2.2')
  drop(live.slices, 'default/headless-1')
  expect(now('headless')).toBe('found A 10.108.1.6, A 10.108.2.2')
  drop(live.slices, 'default/headless-2')
  expect(now('headless')).toBe('no-name')
  expect(summary(ask('6.1.108.10.in-addr.arpa', 'PTR', following))).toBe('elsewhere')

  drop(live.services, 'default/kubia')
  expect(now('kubia')).toBe('no-name')
  expect(following.serial).toBeGreaterThan(serial)

  following.close()
  live.service('default', 'late', { clusterIP: '10.96.7.71', clusterIPs: ['10.96.7.71'] })
  expect(now('late')).toBe('no-name')
})

test('a slice that changes hands leaves its old Service', () => {
  const live = exampleCaches()
  live.markSynced()
  const following = new LiveZone(live)
  live.slice('default', 'unready', { endpoints: [{ addresses: ['10.108.3.3'] }] }, 'headless-1')
  expect(summary(ask(headless, 'A', following))).toBe('no-name')
  expect(summary(ask('unready.default.svc.cluster.local', 'A', following))).toBe('found A 10.108.3.3')
})

test('without a cache of namespaces, one is known by its Services', () => {
  const { services, slices } = exampleCaches()
  services.markSynced()
  slices.markSynced()
  const without = new LiveZone({ services, slices })
  expect(summary(ask('default.svc.cluster.local', 'A', without))).toBe('no-data')
  expect(summary(ask('empty.svc.cluster.local', 'A', without))).toBe('no-name')
})
