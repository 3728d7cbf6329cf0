import { expect, test } from 'vitest'
import { hostsFileContent } from './hosts-file.ts'
import { nodenameOf } from './hostname.ts'
import { testPod, type PodInput } from './test-pods.ts'

const web1 = { hostname: 'web-1', subdomain: 'web' }
const longName = 'a'.repeat(40)

for (const { name, pod, nodename, hosts } of [
  { name: 'a plain pod', pod: {}, nodename: 'web', hosts: '10.108.1.7\tweb' },
  { name: 'a hostname', pod: { spec: { hostname: 'web-1' } }, nodename: 'web-1', hosts: '10.108.1.7\tweb-1' },
  { name: 'a hostname and a subdomain', pod: { spec: web1 }, nodename: 'web-1', hosts: '10.108.1.7\tweb-1.web.default.svc.cluster.local\tweb-1' },
  {
    name: '… with the domain in the kernel',
    pod: { spec: { ...web1, setHostnameAsFQDN: true } },
    nodename: 'web-1.web.default.svc.cluster.local',
    hosts: '10.108.1.7\tweb-1.web.default.svc.cluster.local\tweb-1',
  },
  { name: 'a domain that there is not', pod: { spec: { setHostnameAsFQDN: true } }, nodename: 'web', hosts: '10.108.1.7\tweb' },
  { name: 'another name altogether', pod: { spec: { ...web1, hostnameOverride: 'a.b' } }, nodename: 'a.b', hosts: '10.108.1.7\ta.b' },
  { name: 'a name that is too long', pod: { metadata: { name: `${'a'.repeat(62)}-b` } }, nodename: 'a'.repeat(62), hosts: `10.108.1.7\t${'a'.repeat(62)}` },
  { name: 'the node’s network', pod: { spec: { hostNetwork: true, subdomain: 'web' } }, nodename: 'node-1', hosts: undefined },
] satisfies { name: string; pod: PodInput; nodename: string; hosts: string | undefined }[]) {
  test(name, () => {
    const given = testPod(pod)
    expect(nodenameOf(given, 'cluster.local')).toBe(nodename)
    const lines = hostsFileContent(given, '10.108.1.7', 'cluster.local', '').split('\n')
    expect(lines.find((line) => line.startsWith('10.108.1.7'))).toBe(hosts)
  })
}

test('a full name that the kernel cannot hold is refused', () => {
  const pod = testPod({ spec: { hostname: longName, subdomain: 'web', setHostnameAsFQDN: true } })
  const name = `${longName}.web.default.svc.cluster.local`
  expect(() => nodenameOf(pod, 'cluster.local')).toThrow(
    `failed to construct FQDN from pod hostname and cluster domain, FQDN ${name} is too long ` +
      `(64 characters is the max, ${name.length} characters requested)`,
  )
})
