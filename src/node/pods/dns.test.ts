import { expect, test } from 'vitest'
import { podDns } from './dns.ts'
import { hostsFileContent } from './hosts-file.ts'
import { testPod, type PodInput } from './test-pods.ts'

const cluster = { server: '10.96.0.10', domain: 'cluster.local', forwards: true }
const node = { servers: ['192.0.2.1'], searches: ['lan.example'], options: ['timeout:2'] }
const clusterSearches = ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'lan.example']

type Spec = NonNullable<PodInput['spec']>

const cases: readonly { name: string; spec: Spec; gives: object }[] = [
  {
    name: 'ClusterFirst is the default',
    spec: {},
    gives: { servers: ['10.96.0.10'], searches: clusterSearches, options: ['ndots:5'] },
  },
  { name: 'Default is the node’s', spec: { dnsPolicy: 'Default' }, gives: node },
  { name: 'ClusterFirst in the node’s network is the node’s', spec: { hostNetwork: true, dnsPolicy: 'ClusterFirst' }, gives: node },
  {
    name: 'ClusterFirstWithHostNet',
    spec: { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
    gives: { servers: ['10.96.0.10'], searches: clusterSearches, options: ['ndots:5'] },
  },
  {
    name: 'None takes only dnsConfig',
    spec: {
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['192.0.2.9'], searches: ['ns1.example'], options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] },
    },
    gives: { servers: ['192.0.2.9'], searches: ['ns1.example'], options: ['ndots:2', 'edns0'] },
  },
  {
    name: 'dnsConfig adds to the policy, its options replace',
    spec: {
      dnsConfig: { nameservers: ['10.96.0.10', '192.0.2.9'], searches: ['more.example'], options: [{ name: 'ndots', value: '1' }] },
    },
    gives: { servers: ['10.96.0.10', '192.0.2.9'], searches: [...clusterSearches, 'more.example'], options: ['ndots:1'] },
  },
]

test('where names are not passed on, the node’s domains are left out: nobody could answer for them', () => {
  const { config } = podDns(testPod({ spec: {} }), { ...cluster, forwards: false }, node)
  expect(config.searches).toEqual(['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'])
  expect(podDns(testPod({ spec: { dnsPolicy: 'Default' } }), { ...cluster, forwards: false }, node).config).toEqual(node)
})

test('search paths beyond the six of old resolvers stay, up to the limits of today', () => {
  const paths = (count: number) => Array.from({ length: count }, (_, index) => `p${index}.example`)
  const searchesOf = (searches: string[]) => podDns(testPod({ spec: { dnsConfig: { searches } } }), cluster, node)
  expect(searchesOf(paths(20))).toMatchObject({ config: { searches: [...clusterSearches, ...paths(20)] }, omitted: undefined })
  const many = searchesOf(paths(40))
  expect(many.config.searches).toEqual([...clusterSearches, ...paths(28)])
  expect(many.omitted).toContain('Search Line limits were exceeded, some search paths have been omitted, the applied search line is: default.svc.')
  const long = searchesOf(Array.from({ length: 20 }, (_, index) => `${String(index).padStart(2, '0')}.${'x'.repeat(60)}.${'y'.repeat(60)}.example`))
  expect(long.config.searches.join(' ').length).toBeLessThanOrEqual(2048)
  expect(long.config.searches.length).toBeGreaterThan(15)
})

for (const { name, spec, gives } of cases) {
  test(name, () => {
    expect(podDns(testPod({ spec }), cluster, node)).toEqual({ config: gives, omitted: undefined })
  })
}

test('what a resolver cannot take is left out and told of', () => {
  const dnsConfig = { nameservers: ['192.0.2.1', '192.0.2.2', '192.0.2.3'] }
  const { config, omitted } = podDns(testPod({ spec: { dnsConfig } }), cluster, node)
  expect(config.servers).toEqual(['10.96.0.10', '192.0.2.1', '192.0.2.2'])
  expect(omitted).toContain('the applied nameserver line is: 10.96.0.10 192.0.2.1 192.0.2.2')
})

test('a name server on the machine’s loopback is asked by way of the cluster’s, but for pods in the node’s network', () => {
  const local = { ...node, servers: ['127.0.0.53', '192.0.2.1'] }
  const servers = (spec: Spec) => podDns(testPod({ spec }), cluster, local).config.servers
  expect(servers({ dnsPolicy: 'Default' })).toEqual(['10.96.0.10', '192.0.2.1'])
  expect(servers({ dnsPolicy: 'Default', hostNetwork: true })).toEqual(['127.0.0.53', '192.0.2.1'])
})

test('the hosts file names the pod, and its aliases', () => {
  const pod = testPod({
    spec: { hostname: 'db-0', subdomain: 'db', hostAliases: [{ ip: '192.0.2.7', hostnames: ['foo.example', 'bar.example'] }] },
  })
  expect(hostsFileContent(pod, '10.108.1.7', 'cluster.local', '')).toBe(
    [
      '# Kubernetes-managed hosts file.',
      '127.0.0.1\tlocalhost',
      '::1\tlocalhost ip6-localhost ip6-loopback',
      'fe00::0\tip6-localnet',
      'fe00::0\tip6-mcastprefix',
      'fe00::1\tip6-allnodes',
      'fe00::2\tip6-allrouters',
      '10.108.1.7\tdb-0.db.default.svc.cluster.local\tdb-0',
      '',
      '# Entries added by HostAliases.',
      '192.0.2.7\tfoo.example\tbar.example',
      '',
    ].join('\n'),
  )
})

test('in the node’s network the hosts file is the node’s, with the pod’s aliases', () => {
  const hostAliases = [{ ip: '192.0.2.7', hostnames: ['foo.example'] }]
  const content = hostsFileContent(testPod({ spec: { hostNetwork: true, hostAliases } }), '', 'cluster.local', '127.0.0.1 localhost mine\n')
  expect(content).toBe(
    '# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost mine\n\n# Entries added by HostAliases.\n192.0.2.7\tfoo.example\n',
  )
})
