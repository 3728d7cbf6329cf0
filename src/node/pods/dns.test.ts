import { expect, test } from 'vitest'
import { parseResolvConf, podDns } from './dns.ts'
import { hostsFileContent } from './hosts-file.ts'
import { testPod, type PodInput } from './test-pods.ts'

const cluster = { server: '10.96.0.10', domain: 'cluster.local' }
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

test('a resolv.conf is read as the resolver reads it', () => {
  const text = '# comment\nnameserver 192.0.2.1\nnameserver 192.0.2.2 # second\nsearch a.example\nsearch b.example c.example\noptions ndots:2 rotate\n'
  expect(parseResolvConf(text)).toEqual({
    servers: ['192.0.2.1', '192.0.2.2'],
    searches: ['b.example', 'c.example'],
    options: ['ndots:2', 'rotate'],
  })
})

test('the hosts file names the pod, and its aliases', () => {
  const pod = testPod({
    spec: { hostname: 'db-0', subdomain: 'db', hostAliases: [{ ip: '192.0.2.7', hostnames: ['foo.example', 'bar.example'] }] },
  })
  const lines = hostsFileContent(pod, '10.108.1.7', 'cluster.local', '').split('\n')
  expect(lines).toContain('127.0.0.1\tlocalhost')
  expect(lines).toContain('10.108.1.7\tdb-0.db.default.svc.cluster.local\tdb-0')
  expect(lines).toContain('192.0.2.7\tfoo.example\tbar.example')
})

test('in the node’s network the hosts file is the node’s', () => {
  const content = hostsFileContent(testPod({ spec: { hostNetwork: true } }), '', 'cluster.local', '127.0.0.1 localhost mine\n')
  expect(content).toContain('127.0.0.1 localhost mine\n')
  expect(content).not.toContain('web')
})
