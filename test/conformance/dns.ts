import { expect } from 'vitest'
import type { ConformanceGroup } from './conformance-case.ts'
import type { Tenant } from './tenant.ts'

/** What dig prints in short, over UDP and over TCP alike; asked until it is so. */
async function untilFound(tenant: Tenant, type: string, name: string, expected: readonly string[]): Promise<void> {
  for (const transport of ['+notcp', '+tcp']) {
    const found = async () => (await tenant.exec('asker', 'dig', '+short', '+search', transport, name, type)).trim().split('\n').sort()
    await tenant.until(`${type} of ${name} ${transport}`, async () => (await found()).join() === [...expected].sort().join())
  }
}

/** Two pods behind a Service with an address, and one without. */
async function servicesWithPods(tenant: Tenant): Promise<{ clusterIP: string; podIPs: readonly string[] }> {
  const labels = { app: 'web' }
  const spec = { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 8080 }] }
  const [withAddress, one, two] = await Promise.all([
    tenant.service('with-address', spec),
    tenant.serverPod('web-1', { labels, listens: ['http:8080'] }),
    tenant.serverPod('web-2', { labels, listens: ['http:8080'] }),
    tenant.service('headless', { ...spec, clusterIP: 'None' }),
    tenant.askerPod(),
  ])
  return { clusterIP: String(withAddress.spec.clusterIP), podIPs: [one, two].map(({ status }) => String(status?.podIP)) }
}

export const dns: ConformanceGroup = {
  title: 'DNS',
  cases: [
    {
      name: 'should provide DNS for the cluster',
      async perform(tenant) {
        await tenant.askerPod()
        for (const name of ['kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local']) {
          await untilFound(tenant, 'A', name, ['10.96.0.1'])
        }
      },
    },
    {
      name: 'should provide /etc/hosts entries for the cluster',
      async perform(tenant) {
        await tenant.service('peers', { clusterIP: 'None', selector: { app: 'none' }, ports: [{ port: 80 }] })
        const { status } = await tenant.askerPod('asker', { hostname: 'asker-1', subdomain: 'peers' })
        for (const name of [`asker-1.peers.${tenant.namespace}.svc.cluster.local`, 'asker-1']) {
          expect(await tenant.exec('asker', 'getent', 'hosts', name)).toMatch(new RegExp(`^${status?.podIP} `))
        }
      },
    },
    {
      name: 'should provide DNS for services',
      async perform(tenant) {
        const { clusterIP, podIPs } = await servicesWithPods(tenant)
        const zone = `${tenant.namespace}.svc.cluster.local`
        const named = (ip: string, service: string) => `${ip.replaceAll('.', '-')}.${service}.${zone}.`
        await untilFound(tenant, 'A', `with-address.${tenant.namespace}`, [clusterIP])
        await untilFound(tenant, 'A', `headless.${tenant.namespace}`, podIPs)
        await untilFound(tenant, 'SRV', `_http._tcp.with-address.${zone}`, [`0 100 80 with-address.${zone}.`])
        await untilFound(tenant, 'SRV', `_http._tcp.headless.${zone}`, podIPs.map((ip) => `0 50 8080 ${named(ip, 'headless')}`))
        const reversed = (ip: string) => `${ip.split('.').reverse().join('.')}.in-addr.arpa`
        await untilFound(tenant, 'PTR', reversed(clusterIP), [`with-address.${zone}.`])
        for (const ip of podIPs) await untilFound(tenant, 'PTR', reversed(ip), [named(ip, 'headless'), named(ip, 'with-address')])
      },
    },
    {
      name: 'should resolve DNS of partial qualified names for services',
      async perform(tenant) {
        const { clusterIP, podIPs } = await servicesWithPods(tenant)
        for (const rest of ['', `.${tenant.namespace}`, `.${tenant.namespace}.svc`]) {
          await untilFound(tenant, 'A', `with-address${rest}`, [clusterIP])
          await untilFound(tenant, 'A', `headless${rest}`, podIPs)
          await untilFound(tenant, 'SRV', `_http._tcp.with-address${rest}`, [`0 100 80 with-address.${tenant.namespace}.svc.cluster.local.`])
        }
      },
    },
    {
      name: 'should provide DNS for pods for Hostname',
      async perform(tenant) {
        const ip = await podWithHostname(tenant)
        await untilFound(tenant, 'A', `host-1.peers.${tenant.namespace}.svc.cluster.local`, [ip])
        expect(await tenant.exec('asker', 'getent', 'hosts', 'host-1.peers')).toMatch(new RegExp(`^${ip} `))
      },
    },
    {
      name: 'should provide DNS for pods for Subdomain',
      async perform(tenant) {
        await untilFound(tenant, 'A', `peers.${tenant.namespace}.svc.cluster.local`, [await podWithHostname(tenant)])
      },
    },
    {
      name: 'should provide DNS for ExternalName services',
      async perform(tenant) {
        await tenant.askerPod()
        await tenant.service('elsewhere', { type: 'ExternalName', externalName: 'foo.example.com' })
        await untilFound(tenant, 'CNAME', 'elsewhere', ['foo.example.com.'])
        await tenant.patch('services', 'elsewhere', { spec: { externalName: 'bar.example.com' } })
        await untilFound(tenant, 'CNAME', 'elsewhere', ['bar.example.com.'])
        const spec = { type: 'ClusterIP', externalName: null, ports: [{ port: 80 }] }
        const changed = await tenant.patch<{ spec: { clusterIP: string } }>('services', 'elsewhere', { spec })
        await untilFound(tenant, 'A', 'elsewhere', [changed.spec.clusterIP])
      },
    },
    {
      name: 'should support configurable pod DNS nameservers',
      async perform(tenant) {
        await tenant.askerPod('asker', { dnsPolicy: 'None', dnsConfig: { nameservers: ['192.0.2.53'], searches: ['resolv.conf.local'] } })
        const lines = (await tenant.exec('asker', 'cat', '/etc/resolv.conf')).trim().split('\n')
        expect(lines.sort()).toEqual(['nameserver 192.0.2.53', 'search resolv.conf.local'])
      },
    },
  ],
}

/** Beside one to ask from; resolves to its address. */
async function podWithHostname(tenant: Tenant): Promise<string> {
  await tenant.service('peers', { clusterIP: 'None', selector: { app: 'peer' }, ports: [{ name: 'http', port: 1234 }] })
  const peer = { hostname: 'host-1', subdomain: 'peers', containers: [{ name: 'main', image: 'luksa/kubia' }] }
  const [{ status }] = await Promise.all([tenant.pod('peer', peer, { app: 'peer' }), tenant.askerPod()])
  return String(status?.podIP)
}
