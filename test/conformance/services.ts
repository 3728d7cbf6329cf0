import { expect } from 'vitest'
import type { Service } from '../../src/api/kinds/service.ts'
import type { ConformanceCase, ConformanceGroup } from './conformance-case.ts'
import { type Place, type Tenant, whoIn } from './tenant.ts'

const labels = { app: 'web' }
const pods = ['web-1', 'web-2'] as const
const web = { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 8080 }] }
const asker: Place = { pod: 'asker' }
const nodeAddresses = ['192.168.99.11', '192.168.99.12'] as const
/** Two pods are both met but once in 10¹² times. */
const manyRequests = 40

async function podsAndAsker(tenant: Tenant): Promise<void> {
  await Promise.all([...pods.map((name) => tenant.serverPod(name, { labels, listens: ['http:8080'] })), tenant.askerPod()])
}

async function untilPodsAnswer(tenant: Tenant, from: Place, host: string, port = 80, expected: readonly string[] = pods): Promise<void> {
  await tenant.untilAnswered(from, { host, port, count: manyRequests }, (answers) => whoIn(answers).join() === expected.join())
}

async function untilOnePodAnswers(tenant: Tenant, host: string, port: number): Promise<void> {
  await tenant.untilAnswered(asker, { host, port, count: manyRequests }, (answers) => {
    const [who = '', ...others] = whoIn(answers)
    return others.length === 0 && who.startsWith('web-')
  })
}

/** At its cluster IP, and at its node port if it has one. */
async function untilServiceAnswers(tenant: Tenant, { spec }: Service): Promise<void> {
  await untilPodsAnswer(tenant, asker, String(spec.clusterIP))
  const [{ nodePort } = { nodePort: undefined }] = spec.ports ?? []
  if (nodePort === undefined) return
  for (const address of nodeAddresses) await untilPodsAnswer(tenant, asker, address, nodePort)
}

/** An ExternalName that leads to another Service of the namespace, whose pods answer. */
async function externalName(tenant: Tenant): Promise<object> {
  await tenant.service('target', web)
  return { type: 'ExternalName', externalName: `target.${tenant.namespace}.svc.cluster.local` }
}

function typeChange(from: 'ClusterIP' | 'NodePort' | 'ExternalName', to: 'ClusterIP' | 'NodePort' | 'ExternalName'): ConformanceCase {
  return {
    name: `should be able to change the type from ${from} to ${to}`,
    async perform(tenant) {
      await podsAndAsker(tenant)
      const byName = await externalName(tenant)
      const before = await tenant.service('changing', from === 'ExternalName' ? byName : { ...web, type: from })
      if (from === 'ExternalName') await untilPodsAnswer(tenant, asker, 'changing')
      else await untilServiceAnswers(tenant, before)
      const after =
        to === 'ExternalName' ? { ...byName, clusterIP: null, clusterIPs: null, selector: null, ports: null } : { ...web, type: to, externalName: null }
      const changed = await tenant.patch<Service>('services', 'changing', { spec: after })
      if (to === 'ExternalName') {
        expect(changed.spec.clusterIP).toBeUndefined()
        await untilPodsAnswer(tenant, asker, 'changing')
      } else {
        await untilServiceAnswers(tenant, changed)
      }
    },
  }
}

/** `switches`: on, off and on again; otherwise on from the beginning. */
function affinity(type: 'ClusterIP' | 'NodePort', switches: boolean): ConformanceCase {
  const where = type === 'NodePort' ? 'NodePort service' : 'service with type clusterIP'
  return {
    name: switches ? `should be able to switch session affinity for ${where}` : `should have session affinity work for ${where}`,
    async perform(tenant) {
      await podsAndAsker(tenant)
      const { spec } = await tenant.service('web', { ...web, type, sessionAffinity: switches ? 'None' : 'ClientIP' })
      const at: readonly [host: string, port: number] =
        type === 'NodePort' ? [nodeAddresses[0], Number(spec.ports?.[0]?.nodePort)] : [String(spec.clusterIP), 80]
      if (switches) {
        await untilPodsAnswer(tenant, asker, ...at)
        await tenant.patch('services', 'web', { spec: { sessionAffinity: 'ClientIP' } })
      } else {
        await tenant.untilEndpoints('web', { 'web-1': [8080], 'web-2': [8080] })
      }
      await untilOnePodAnswers(tenant, ...at)
      await tenant.patch('services', 'web', { spec: { sessionAffinity: 'None' } })
      await untilPodsAnswer(tenant, asker, ...at)
    },
  }
}

/** Pods with ports of these names come and go, and the Service follows. */
async function followsPods(tenant: Tenant, ports: readonly (readonly [port: number, name: string, target: number])[]): Promise<void> {
  await tenant.askerPod()
  const { spec } = await tenant.service('web', { selector: labels, ports: ports.map(([port, name]) => ({ name, port, targetPort: name })) })
  await tenant.untilEndpoints('web', {})
  const onePod = ports.length === 1
  const pod = (name: string, offered: typeof ports) =>
    tenant.serverPod(name, {
      labels,
      listens: offered.map(([, , target]) => `http:${target}`),
      ports: Object.fromEntries(offered.map(([, portName, target]) => [portName, target])),
    })
  const [first] = ports
  const last = ports.at(-1)
  if (first === undefined || last === undefined) throw new Error('no ports')
  await pod('pod-1', [first])
  await tenant.untilEndpoints('web', { 'pod-1': [first[2]] })
  await pod('pod-2', [last])
  await tenant.untilEndpoints('web', { 'pod-1': [first[2]], 'pod-2': [last[2]] })
  await untilPodsAnswer(tenant, asker, String(spec.clusterIP), first[0], onePod ? ['pod-1', 'pod-2'] : ['pod-1'])
  await untilPodsAnswer(tenant, asker, String(spec.clusterIP), last[0], onePod ? ['pod-1', 'pod-2'] : ['pod-2'])
  await tenant.delete('pods', 'pod-1')
  await tenant.untilEndpoints('web', { 'pod-2': [last[2]] })
  await untilPodsAnswer(tenant, asker, String(spec.clusterIP), last[0], ['pod-2'])
  await tenant.delete('pods', 'pod-2')
  await tenant.untilEndpoints('web', {})
}

export const services: ConformanceGroup = {
  title: 'Services',
  cases: [
    { name: 'should serve a basic endpoint from pods', perform: (tenant) => followsPods(tenant, [[80, 'http', 8080]]) },
    {
      name: 'should serve multiport endpoints from pods',
      perform: (tenant) =>
        followsPods(tenant, [
          [80, 'first', 8100],
          [81, 'second', 8101],
        ]),
    },
    {
      name: 'should serve endpoints on same port and different protocols',
      async perform(tenant) {
        await Promise.all([tenant.serverPod('web', { labels, listens: ['http:8080', 'udp:8080'] }), tenant.askerPod()])
        const tcp = { name: 'tcp', port: 80, targetPort: 8080, protocol: 'TCP' }
        const udp = { ...tcp, name: 'udp', protocol: 'UDP' }
        const { spec } = await tenant.service('web', { selector: labels, ports: [tcp] })
        const host = String(spec.clusterIP)
        const answers = (protocol: 'http' | 'udp', expected: string) =>
          tenant.untilAnswered(asker, { protocol, host, port: 80 }, (all) => whoIn(all).join() === expected)
        await answers('http', 'web')
        await answers('udp', 'ECONNREFUSED')
        await tenant.patch('services', 'web', { spec: { ports: [tcp, udp] } })
        await answers('udp', 'web')
        await answers('http', 'web')
        await tenant.patch('services', 'web', { spec: { ports: [udp] } })
        await answers('http', 'ECONNREFUSED')
        await answers('udp', 'web')
      },
    },
    {
      name: 'should be able to create a functioning NodePort service',
      async perform(tenant) {
        await podsAndAsker(tenant)
        const service = await tenant.service('web', { ...web, type: 'NodePort' })
        await untilServiceAnswers(tenant, service)
        for (const address of nodeAddresses) await untilPodsAnswer(tenant, { node: 'node-2' }, address, Number(service.spec.ports?.[0]?.nodePort))
      },
    },
    affinity('ClusterIP', false),
    affinity('NodePort', false),
    affinity('ClusterIP', true),
    affinity('NodePort', true),
    typeChange('ExternalName', 'ClusterIP'),
    typeChange('ExternalName', 'NodePort'),
    typeChange('ClusterIP', 'ExternalName'),
    typeChange('NodePort', 'ExternalName'),
    {
      name: 'should find a service from listing all namespaces',
      async perform({ api }) {
        const { items } = (await api.json('GET', '/api/v1/services')) as unknown as { items: Service[] }
        expect(items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toContain('default/kubernetes')
      },
    },
    {
      name: 'should delete a collection of services',
      async perform(tenant) {
        const all = tenant.path('services')
        for (const [name, group] of Object.entries({ one: 'gone', two: 'gone', three: 'kept' })) {
          await tenant.create('services', { metadata: { name, labels: { group } }, spec: web })
        }
        await tenant.api.json('DELETE', `${all}?labelSelector=group%3Dgone`)
        const { items } = (await tenant.api.json('GET', all)) as unknown as { items: Service[] }
        expect(items.map(({ metadata }) => metadata.name)).toEqual(['three'])
      },
    },
    { name: 'should complete a service status lifecycle', perform: performStatusLifecycle },
  ],
}

async function performStatusLifecycle(tenant: Tenant): Promise<void> {
  const { api } = tenant
  const all = tenant.path('services')
  await using watch = await api.watch(all, 'lifecycle=yes', '0')
  // Of a class that is not ours, so that nobody else says anything of its status.
  const spec = { ...web, type: 'LoadBalancer', loadBalancerClass: 'example.com/of-nobody' }
  await api.json('POST', all, { metadata: { name: 'web', labels: { lifecycle: 'yes' } }, spec })
  const status = tenant.path('services', 'web/status')
  expect(await api.json('GET', status)).toMatchObject({ status: { loadBalancer: {} } })
  const patch = { metadata: { annotations: { patched: 'true' } }, status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } } }
  const patched = await api.json('PATCH', status, patch, 'application/merge-patch+json')
  expect(patched).toMatchObject({ metadata: { annotations: { patched: 'true' } }, status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } } })
  const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'set by a test', lastTransitionTime: '2026-01-01T00:00:00Z' }
  const updated = await api.json('PUT', status, { ...patched, status: { ...(patched['status'] as object), conditions: [condition] } })
  expect(updated).toMatchObject({ status: { conditions: [condition] } })
  expect(await tenant.patch('services', 'web', { metadata: { labels: { changed: 'yes' } } })).toMatchObject({
    metadata: { labels: { changed: 'yes' } },
    status: { conditions: [condition] },
  })
  await tenant.delete('services', 'web')
  await tenant.until('the watch', async () => watch.seen.includes('DELETED web'))
  expect(watch.seen[0]).toBe('ADDED web')
  expect(watch.seen.filter((line) => line === 'MODIFIED web').length).toBeGreaterThanOrEqual(3)
}
