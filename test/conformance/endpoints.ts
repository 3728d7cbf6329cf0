import { expect } from 'vitest'
import type { Endpoints } from '../../src/api/kinds/endpoints.ts'
import type { Pod } from '../../src/api/kinds/pod.ts'
import { performOperations } from './api-operations.ts'
import type { ConformanceGroup } from './conformance-case.ts'
import { type Tenant, whoIn } from './tenant.ts'

const web = { app: 'web' }

/** A Service whose pods come later, one whose target port is a number and one whose is a name. */
async function followsPods(tenant: Tenant): Promise<void> {
  await tenant.service('by-number', { selector: web, ports: [{ name: 'example', port: 80, targetPort: 3000 }] })
  await tenant.service('by-name', { selector: web, ports: [{ name: 'http', port: 80, targetPort: 'example-name' }] })
  await Promise.all([tenant.untilEndpoints('by-number', {}), tenant.untilEndpoints('by-name', {})])
  const ports = { 'example-name': 3001 }
  await tenant.serverPod('pod-1', { labels: web, listens: ['http:3000', 'http:3001'], ports })
  await Promise.all([tenant.untilEndpoints('by-number', { 'pod-1': [3000] }), tenant.untilEndpoints('by-name', { 'pod-1': [3001] })])
  await tenant.serverPod('pod-2', { labels: web, listens: ['http:3000', 'http:3001'], ports })
  const both = (port: number) => ({ 'pod-1': [port], 'pod-2': [port] })
  await Promise.all([tenant.untilEndpoints('by-number', both(3000)), tenant.untilEndpoints('by-name', both(3001))])
  await tenant.delete('pods', 'pod-1')
  await Promise.all([tenant.untilEndpoints('by-number', { 'pod-2': [3000] }), tenant.untilEndpoints('by-name', { 'pod-2': [3001] })])
}

/** A Service that no pod is of has empty Endpoints and one empty EndpointSlice, which go with it. */
async function comesAndGoes(tenant: Tenant): Promise<void> {
  await tenant.service('empty', { selector: { app: 'nobody' }, ports: [{ name: 'example', port: 80 }] })
  await tenant.until('empty Endpoints', async () => (await tenant.exists('endpoints', 'empty')) && (await tenant.get<Endpoints>('endpoints', 'empty')).subsets === undefined)
  await tenant.until('one EndpointSlice', async () => (await tenant.slicesOf('empty')).length === 1)
  expect((await tenant.slicesOf('empty'))[0]?.endpoints ?? []).toEqual([])
  await tenant.delete('services', 'empty')
  await tenant.until('no Endpoints', async () => !(await tenant.exists('endpoints', 'empty')))
  await tenant.until('no EndpointSlice', async () => (await tenant.slicesOf('empty')).length === 0)
}

/** An EndpointSlice by hand. */
async function slice(tenant: Tenant, name: string, pod: Pod, ports: Readonly<Record<string, number>>): Promise<void> {
  await tenant.create('endpointslices', {
    metadata: { name, labels: { 'kubernetes.io/service-name': 'by-hand', 'endpointslice.kubernetes.io/managed-by': 'conformance' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [pod.status?.podIP] }],
    ports: Object.entries(ports).map(([portName, port]) => ({ name: portName, port, protocol: 'TCP' })),
  })
}

async function answersByHand(tenant: Tenant, port: number, pods: readonly string[]): Promise<void> {
  const { spec } = await tenant.get<{ spec: { clusterIP: string } }>('services', 'by-hand')
  await tenant.untilAnswered({ pod: 'asker' }, { host: spec.clusterIP, port, count: 40 }, (answers) => whoIn(answers).join() === pods.join())
}

export const endpointSlices: ConformanceGroup = {
  title: 'EndpointSlice',
  cases: [
    { name: 'should create Endpoints and EndpointSlices for Pods matching a Service', perform: followsPods },
    {
      name: 'should create and delete Endpoints and EndpointSlices for a Service with a selector specified that matches no pods',
      perform: comesAndGoes,
    },
    {
      name: 'should support a Service with multiple endpoint IPs specified in multiple EndpointSlices',
      async perform(tenant) {
        const [one, two] = await Promise.all([
          tenant.serverPod('pod-1', { listens: ['http:8080', 'http:9090'] }),
          tenant.serverPod('pod-2', { listens: ['http:8080', 'http:9090'] }),
          tenant.askerPod(),
        ])
        await tenant.service('by-hand', { ports: [{ name: 'first', port: 80 }, { name: 'second', port: 81 }] })
        await slice(tenant, 'slice-1', one, { first: 8080, second: 9090 })
        await slice(tenant, 'slice-2', two, { first: 8080, second: 9090 })
        for (const port of [80, 81]) await answersByHand(tenant, port, ['pod-1', 'pod-2'])
      },
    },
    {
      name: 'should support a Service with multiple ports specified in multiple EndpointSlices',
      async perform(tenant) {
        const [one, two] = await Promise.all([
          tenant.serverPod('pod-1', { listens: ['http:8080'] }),
          tenant.serverPod('pod-2', { listens: ['http:9090'] }),
          tenant.askerPod(),
        ])
        await tenant.service('by-hand', { ports: [{ name: 'first', port: 80 }, { name: 'second', port: 81 }] })
        await slice(tenant, 'slice-1', one, { first: 8080 })
        await slice(tenant, 'slice-2', two, { second: 9090 })
        await answersByHand(tenant, 80, ['pod-1'])
        await answersByHand(tenant, 81, ['pod-2'])
      },
    },
    {
      name: 'should support EndpointSlice API operations',
      perform: (tenant) =>
        performOperations(tenant, {
          groupVersion: '/apis/discovery.k8s.io/v1',
          resource: 'endpointslices',
          kind: 'EndpointSlice',
          isNamespaced: true,
          object: (index) => ({ addressType: 'IPv4', endpoints: [{ addresses: [`192.0.2.${index + 1}`] }], ports: [] }),
        }),
    },
  ],
}

export const mirroring: ConformanceGroup = {
  title: 'EndpointSliceMirroring',
  cases: [
    {
      name: 'should mirror a custom Endpoints resource through create update and delete',
      async perform(tenant) {
        await tenant.service('custom', { ports: [{ name: 'example', port: 80 }] })
        const untilMirrored = async (port: number, ip: string) =>
          tenant.until(`${ip}:${port}`, async () => {
            const [mirror, ...others] = await tenant.slicesOf('custom')
            if (mirror === undefined || others.length > 0) return false
            return mirror.ports?.[0]?.port === port && mirror.endpoints?.[0]?.addresses.join() === ip
          })
        await tenant.create('endpoints', { metadata: { name: 'custom' }, subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ name: 'example', port: 80 }] }] })
        await untilMirrored(80, '192.0.2.1')
        await tenant.patch('endpoints', 'custom', { subsets: [{ addresses: [{ ip: '192.0.2.2' }], ports: [{ name: 'example', port: 81 }] }] })
        await untilMirrored(81, '192.0.2.2')
        await tenant.delete('endpoints', 'custom')
        await tenant.until('no mirror', async () => (await tenant.slicesOf('custom')).length === 0)
      },
    },
  ],
}

export const endpoints: ConformanceGroup = {
  title: 'Endpoints',
  cases: [
    {
      name: 'should test the lifecycle of an Endpoint',
      perform: (tenant) =>
        performOperations(tenant, {
          groupVersion: '/api/v1',
          resource: 'endpoints',
          kind: 'Endpoints',
          isNamespaced: true,
          object: (index) => ({ subsets: [{ addresses: [{ ip: `192.0.2.${index + 1}` }], ports: [{ name: 'http', port: 80 }] }] }),
        }),
    },
  ],
}

export const endpointsController: ConformanceGroup = {
  title: 'EndpointsController',
  cases: [
    { name: 'should create Endpoints for Pods matching a Service', perform: followsPods },
    { name: 'should create and delete Endpoints for a Service with a selector specified that matches no pods', perform: comesAndGoes },
  ],
}
