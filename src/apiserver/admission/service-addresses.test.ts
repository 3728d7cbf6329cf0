import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../storage/sqlite/sqlite-store.ts'
import { testApi, type Answer, type TestApi } from '../test-api.ts'

// Cluster IPs are 10.96.0.1 to 10.96.0.14, node ports 30000 to 30003.
const allAddresses = 14
const allNodePorts = 4

let api: TestApi
beforeEach(async () => {
  api = await testApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const services = '/api/v1/namespaces/default/services'
interface Spec {
  type?: string
  clusterIP?: string
  clusterIPs?: string[]
  healthCheckNodePort?: number
  ports: { name?: string; port: number; protocol?: string; nodePort?: number }[]
}
const specOf = ({ body }: Answer) => body['spec'] as Spec
const nodePortsOf = (answer: Answer) => specOf(answer).ports.map(({ nodePort }) => nodePort)
const port = { port: 80 }
const write = (method: string, path: string, name: string, spec: object) =>
  api.request(method, path, { metadata: { name }, spec: { ports: [port], ...spec } })
const create = (name: string, spec: object = {}) => write('POST', services, name, spec)
const update = (name: string, spec: object) => write('PUT', `${services}/${name}`, name, spec)

/** Everything is free: all of it can be had, and no more. */
async function expectAllFree(): Promise<void> {
  await api.request('DELETE', services)
  for (let i = 0; i < allNodePorts; i += 1) expect((await create(`p${i}`, { type: 'NodePort' })).code).toBe(201)
  expect((await create('more', { type: 'NodePort' })).code).toBe(422)
  for (let i = allNodePorts; i < allAddresses; i += 1) expect((await create(`p${i}`)).code).toBe(201)
  expect((await create('more')).code).toBe(422)
}

test('a load balancer for local traffic has a port for health checks, drawn or chosen, once', async () => {
  const local = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' }
  const drawn = await create('a', local)
  const { healthCheckNodePort } = specOf(drawn)
  expect(healthCheckNodePort).toBeGreaterThanOrEqual(30000)
  expect(healthCheckNodePort).not.toBe(nodePortsOf(drawn)[0])
  expect(
    specOf(await update('a', { ...local, sessionAffinity: 'ClientIP' })).healthCheckNodePort,
  ).toBe(healthCheckNodePort)
  const taken = await create('b', { ...local, healthCheckNodePort })
  expect(taken.code).toBe(422)
  expect(taken.body['message']).toContain(
    `spec.healthCheckNodePort: Invalid value: ${healthCheckNodePort}: provided port is already allocated`,
  )
  const cluster = await update('a', { type: 'LoadBalancer', externalTrafficPolicy: 'Cluster' })
  expect(specOf(cluster)).not.toHaveProperty('healthCheckNodePort')
  expect(specOf(await create('b', { ...local, healthCheckNodePort }))).toMatchObject({ healthCheckNodePort })
  await expectAllFree()
})

test('what is drawn is never what another port of the same Service has or asks for', async () => {
  for (let round = 0; round < 20; round += 1) {
    const ports = [{ name: 'a', port: 1 }, { name: 'b', port: 2 }, { name: 'c', port: 3, nodePort: 30001 }]
    const created = await create('web', { type: 'NodePort', ports })
    expect(new Set(nodePortsOf(created)).size).toBe(3)
    const grown = await update('web', { type: 'NodePort', ports: [{ name: 'd', port: 4 }, ...specOf(created).ports] })
    expect(grown.code).toBe(200)
    expect(new Set(nodePortsOf(grown)).size).toBe(4)
    await api.request('DELETE', `${services}/web`)
  }
})

test('node ports stay with the names of their ports, whatever their numbers become', async () => {
  const [a = 0, b = 0] = nodePortsOf(
    await create('web', { type: 'NodePort', ports: [{ name: 'a', port: 1 }, { name: 'b', port: 2 }] }),
  )
  const swapped = await update('web', { type: 'NodePort', ports: [{ name: 'a', port: 2 }, { name: 'b', port: 1 }] })
  expect(nodePortsOf(swapped)).toEqual([a, b])
})

test('one port over two protocols is one number', async () => {
  const ports = [{ name: 'udp', port: 53, protocol: 'UDP' }, { name: 'tcp', port: 53 }]
  const [udp, tcp] = nodePortsOf(await create('dns', { type: 'NodePort', ports }))
  expect(udp).toBe(tcp)
})

describe('a number on the nodes', () => {
  const dns = (nodePort: number, udpPort = 53) => [
    { name: 'tcp', port: 53, nodePort },
    { name: 'udp', port: udpPort, protocol: 'UDP', nodePort },
  ]
  const inUse = (field: string, port: number) => `${field}: Invalid value: ${port}: provided port is already allocated`

  test('may be one port over two protocols', async () => {
    expect(nodePortsOf(await create('dns', { type: 'NodePort', ports: dns(30001) }))).toEqual([30001, 30001])
    await expectAllFree()
  })

  test('is asked for by one of the two and given to both', async () => {
    const ports = [{ name: 'udp', port: 53, protocol: 'UDP' }, { name: 'tcp', port: 53, nodePort: 30002 }]
    expect(nodePortsOf(await create('dns', { type: 'NodePort', ports }))).toEqual([30002, 30002])
  })

  test('is one Service’s, whatever the protocol', async () => {
    await create('web', { type: 'NodePort', ports: [{ port: 80, nodePort: 30001 }] })
    const udp = [{ port: 80, protocol: 'UDP', nodePort: 30001 }]
    const refused = await create('udp', { type: 'NodePort', ports: udp })
    expect(refused.body['message']).toContain(inUse('spec.ports[0].nodePort', 30001))
    await expectAllFree()
  })

  test('is not two ports of a new Service, but may become that', async () => {
    const refused = await create('dns', { type: 'NodePort', ports: dns(30001, 54) })
    expect(refused.body['message']).toContain(inUse('spec.ports[1].nodePort', 30001))
    await create('dns', { type: 'NodePort', ports: dns(30001) })
    expect((await update('dns', { type: 'NodePort', ports: dns(30001, 54) })).code).toBe(200)
  })

  test('is not for health checks too', async () => {
    const local = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [{ port: 80, nodePort: 30001 }] }
    const asks = { ...local, healthCheckNodePort: 30001 }
    expect((await create('lb', asks)).body['message']).toContain(inUse('spec.healthCheckNodePort', 30001))
    await create('lb', { ...local, externalTrafficPolicy: 'Cluster' })
    expect((await update('lb', asks)).body['message']).toContain(inUse('spec.healthCheckNodePort', 30001))
    await expectAllFree()
  })

  for (const nodePort of [-1, 80, 29999, 30004, 70000]) {
    test(`is not ${nodePort}`, async () => {
      const refused = await create('web', { type: 'NodePort', ports: [{ port: 80, nodePort }] })
      expect(refused.body['message']).toContain(
        `spec.ports[0].nodePort: Invalid value: ${nodePort}: provided port is not in the valid range. The range of valid ports is 30000-30003`,
      )
    })
  }

  test('is not drawn for a load balancer that does not want any, and goes when it no longer does', async () => {
    const without = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }
    expect(nodePortsOf(await create('lb', without))).toEqual([undefined])
    expect(nodePortsOf(await update('lb', { type: 'LoadBalancer' }))).toEqual([expect.any(Number)])
    const contentType = 'application/merge-patch+json'
    const patched = await api.request('PATCH', `${services}/lb`, { spec: without }, { contentType })
    expect(nodePortsOf(patched)).toEqual([undefined])
    expect(nodePortsOf(await update('lb', { ...without, ports: [{ port: 80, nodePort: 30003 }] }))).toEqual([30003])
    await expectAllFree()
  })
})

describe('a Service that changes its type', () => {
  test('has what the new one needs and gives back what it does not, once', async () => {
    const address = specOf(await create('web')).clusterIP
    const [nodePort = 0] = nodePortsOf(await update('web', { type: 'NodePort' }))
    expect(nodePort).toBeGreaterThanOrEqual(30000)
    const plain = await update('web', { type: 'ClusterIP' })
    expect(specOf(plain)).toMatchObject({ clusterIP: address, ports: [{ port: 80 }] })
    expect(nodePortsOf(plain)).toEqual([undefined])
    const alias = await update('web', { type: 'ExternalName', externalName: 'example.com' })
    expect(specOf(alias)).not.toHaveProperty('clusterIP')
    expect(
      (await create('other', { type: 'NodePort', clusterIP: address, ports: [{ port: 80, nodePort }] })).code,
    ).toBe(201)
    const again = await update('web', { type: 'NodePort' })
    expect(specOf(again).clusterIP).not.toBe(address)
    expect(nodePortsOf(again)).not.toEqual([nodePort])
    await expectAllFree()
  })
})

describe('what is not stored takes nothing', () => {
  test('a dry run', async () => {
    const lb = {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      ports: [{ name: 'a', port: 1 }, { name: 'b', port: 2 }],
    }
    await create('plain')
    for (let i = 0; i < 20; i += 1) {
      expect((await write('POST', `${services}?dryRun=All`, 'web', lb)).code).toBe(201)
      expect((await write('PUT', `${services}/plain?dryRun=All`, 'plain', lb)).code).toBe(200)
    }
    await expectAllFree()
  })

  test('what is refused', async () => {
    await create('plain')
    for (let i = 0; i < 20; i += 1) {
      expect((await create('bad', { type: 'NodePort', sessionAffinity: 'Sometimes' })).code).toBe(422)
      expect((await create('plain', { type: 'NodePort' })).code).toBe(409)
      expect((await update('plain', { type: 'NodePort', sessionAffinity: 'Sometimes' })).code).toBe(422)
    }
    await expectAllFree()
  })

  test('the last write of a Service that is being deleted', async () => {
    for (let i = 0; i < 5; i += 1) {
      await api.request(
        'POST',
        services,
        { metadata: { name: 'web', finalizers: ['example.com/x'] }, spec: { ports: [port] } },
      )
      await api.request('DELETE', `${services}/web`)
      expect((await update('web', { type: 'NodePort' })).code).toBe(200)
      expect((await api.request('GET', `${services}/web`)).code).toBe(404)
    }
    await expectAllFree()
  })
})

test('of many who ask for one address at the same time, one gets it', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => create(`s${i}`, { clusterIP: '10.96.0.5' })))
  expect(answers.map(({ code }) => code).sort()).toEqual([201, ...Array.from({ length: 9 }, () => 422)])
  await expectAllFree()
})

for (const [name, spec, says] of [
  [
    'addresses that disagree',
    { clusterIP: '10.96.0.5', clusterIPs: ['10.96.0.6'] },
    'first value must match `clusterIP`',
  ],
  ['a list alone', { clusterIPs: ['10.96.0.5'] }, 'must be empty when `clusterIP` is not specified'],
  [
    'a second family',
    { clusterIP: '10.96.0.5', clusterIPs: ['10.96.0.5', 'fd00::1'] },
    'IPv6 is not configured on this cluster',
  ],
  [
    'the first address of the range',
    { clusterIP: '10.96.0.0' },
    'the provided IP (10.96.0.0) is not in the valid range. The range of valid IPs is 10.96.0.0/28',
  ],
  [
    'an address of another range',
    { clusterIP: '192.168.1.1' },
    'the provided network does not match the current range 10.96.0.0/28',
  ],
  [
    'a family that the cluster does not have',
    { ipFamilies: ['IPv6'] },
    'Service "web" is invalid: spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
  ],
  [
    'one node port twice',
    { type: 'NodePort', ports: [{ name: 'a', port: 1, nodePort: 30001 }, { name: 'b', port: 2, nodePort: 30001 }] },
    '30001',
  ],
] as const) {
  test(`${name} are refused and take nothing`, async () => {
    const answer = await create('web', spec)
    expect(answer.code).toBe(422)
    expect(answer.body['message']).toContain(says)
    await expectAllFree()
  })
}

test('a server that starts again knows what is taken', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-addresses-'))
  try {
    const path = join(folder, 'store.db')
    const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', clusterIP: '10.96.0.5' }
    const taken = { ports: [{ port: 80, nodePort: 30001 }], healthCheckNodePort: 30002 }
    {
      await using first = await testApi({ store: openSqliteStore(path) })
      const body = { metadata: { name: 'web' }, spec: { ...spec, ...taken } }
      expect((await first.request('POST', services, body)).code).toBe(201)
    }
    await using second = await testApi({ store: openSqliteStore(path) })
    for (const asked of [{ clusterIP: '10.96.0.5' }, { type: 'NodePort', ports: [{ port: 80, nodePort: 30002 }] }]) {
      const answer = await second.request(
        'POST',
        services,
        { metadata: { name: 'other' }, spec: { ports: [port], ...asked } },
      )
      expect(answer.body['message']).toContain('already allocated')
    }
    await second.request('DELETE', `${services}/web`)
    const body = { metadata: { name: 'other' }, spec: { ...spec, ...taken } }
    expect((await second.request('POST', services, body)).code).toBe(201)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
