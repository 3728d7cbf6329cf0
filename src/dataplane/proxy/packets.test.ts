import assert from 'node:assert/strict'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Service, ServiceSpec } from '../../api/kinds/service.ts'
import { keyOf } from '../../api/object.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLog, type Log } from '../../base/log.ts'
import { conntrackCommand } from '../../kernel/conntrack-command.ts'
import { nftCommand } from '../../kernel/nft-command.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { TestNetwork, type TestNamespace } from '../../kernel/test-network.ts'
import type { Answer, TestPeer } from '../../kernel/test-peer.ts'
import { Proxy } from './proxy.ts'
import { node as testNode, nodeName, ranges, RecordedHealthChecks, service, slice, TestCache } from './test-objects.ts'

/** Two pods that serve, one that only asks, on a node whose way out leads to an edge that knows no service. */
const [podA, podB, podC] = ['10.108.1.2', '10.108.1.3', '10.108.1.4'] as const
const web = '10.96.0.10'
const refused = { code: 'ECONNREFUSED' }
const affinity: Partial<ServiceSpec> = {
  sessionAffinity: 'ClientIP',
  sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
}

let network: TestNetwork
let node: TestNamespace
let [a, b, client, onNode]: TestPeer[] = []
let services: TestCache<Service>
let slices: TestCache<EndpointSlice>
let proxy: Proxy
const troubles: object[] = []
const log: Log = { ...silentLog, warn: (fields) => troubles.push(fields), error: (fields) => troubles.push(fields) }

beforeAll(async () => {
  network = new TestNetwork()
  node = await network.namespace('node')
  const edge = await network.namespace('edge')
  await network.link({ namespace: node, address: '192.168.99.11/24' }, { namespace: edge, address: '192.168.99.1/24' })
  await node.ip('route add default via 192.168.99.1')
  const namespaces = [
    await network.pod(node, podA, 'a'),
    await network.pod(node, podB, 'b'),
    await network.pod(node, podC, 'client'),
    node,
  ]
  ;[a, b, client, onNode] = await Promise.all(namespaces.map((namespace) => network.peer(namespace)))
  for (const peer of [a, b]) {
    await peer?.serve('tcp', 8080)
    await peer?.serve('tcp', 9090)
    await peer?.serve('udp', 5353)
  }
  services = new TestCache()
  slices = new TestCache()
  proxy = startProxy()
})

afterAll(async () => {
  await proxy.stop()
  await network[Symbol.asyncDispose]()
})

beforeEach(async () => {
  for (const object of services.list()) services.remove(keyOf(object))
  for (const object of slices.list()) slices.remove(keyOf(object))
  await proxy.settled()
  await node.run('conntrack', '-F')
})

afterEach(() => {
  // A reload would hide a transaction that the kernel refuses.
  assert.deepEqual(troubles.splice(0), [])
})

function startProxy(): Proxy {
  const inNode = { processes: realProcesses, netns: node.path }
  return new Proxy({
    services,
    slices,
    nft: nftCommand(inNode),
    conntrack: conntrackCommand(inNode),
    log,
    clock: systemClock,
    ranges,
    nodes: new TestCache([testNode()]),
    nodeName,
    healthChecks: new RecordedHealthChecks(),
  })
}

async function put(objects: { services?: Service[]; slices?: EndpointSlice[] }): Promise<void> {
  services.put(...(objects.services ?? []))
  slices.put(...(objects.slices ?? []))
  await proxy.settled()
}

/** Who answered, how often. */
async function tally(ask: () => Promise<Answer> | undefined, times: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (let time = 0; time < times; time += 1) {
    const server = (await ask())?.server ?? 'nobody'
    counts[server] = (counts[server] ?? 0) + 1
  }
  return counts
}

describe('TCP', () => {
  test('a pod reaches all endpoints under the cluster IP, with its own address', async () => {
    await put({ services: [service('web', { clusterIP: web })], slices: [slice('web', [podA, podB])] })
    const answer = await client?.ask('tcp', web, 80)
    expect(answer).toMatchObject({ port: 8080, client: podC })
    const counts = await tally(() => client?.ask('tcp', web, 80), 60)
    // Each with probability one half: fewer than 10 of 60 comes up once in ten million runs.
    expect(counts.a).toBeGreaterThanOrEqual(10)
    expect(counts.b).toBeGreaterThanOrEqual(10)
  })

  test('the node itself reaches them, with its own address', async () => {
    await put({ services: [service('web', { clusterIP: web })], slices: [slice('web', [podB])] })
    const answer = await onNode?.ask('tcp', web, 80)
    expect(answer).toMatchObject({ server: 'b', client: '192.168.99.11' })
  })

  test('a pod that is led back to itself gets its answer', async () => {
    await put({ services: [service('web', { clusterIP: web })], slices: [slice('web', [podA])] })
    const answer = await a?.ask('tcp', web, 80)
    expect(answer).toMatchObject({ server: 'a' })
    expect(answer?.client).not.toBe(podA)
  })

  test('several ports, a named one with a number of its own in each pod', async () => {
    const ports = [
      { name: 'http', port: 80, protocol: 'TCP', targetPort: 'http' },
      { name: 'admin', port: 81, protocol: 'TCP' },
    ]
    const admin = { name: 'admin', port: 9090, protocol: 'TCP' }
    await put({
      services: [service('web', { clusterIP: web, ports })],
      slices: [
        slice('web', [podA], { name: 'web-1', ports: [{ name: 'http', port: 8080, protocol: 'TCP' }, admin] }),
        slice('web', [podB], { name: 'web-2', ports: [{ name: 'http', port: 9090, protocol: 'TCP' }, admin] }),
      ],
    })
    const seen = new Set<string>()
    for (let time = 0; time < 30; time += 1) {
      const answer = await client?.ask('tcp', web, 80)
      seen.add(`${answer?.server} ${answer?.port}`)
    }
    expect([...seen].sort()).toEqual(['a 8080', 'b 9090'])
    expect(await client?.ask('tcp', web, 81)).toMatchObject({ port: 9090 })
  })

  test('a connection goes on when its endpoint leaves the service, and when the proxy starts anew', async () => {
    await put({ services: [service('web', { clusterIP: web })], slices: [slice('web', [podA])] })
    const say = await client?.open(web, 80)
    expect(await say?.()).toMatchObject({ server: 'a' })
    await put({ slices: [slice('web', [podB])] })
    expect(await say?.()).toMatchObject({ server: 'a' })
    await proxy.stop()
    proxy = startProxy()
    await proxy.settled()
    expect(await say?.()).toMatchObject({ server: 'a' })
    expect(await client?.ask('tcp', web, 80)).toMatchObject({ server: 'b' })
  })
})

describe('what others note on packets', () => {
  test.each([
    { name: 'without affinity', spec: {} },
    { name: 'with affinity', spec: affinity },
  ])('stays, and nothing of the proxy is left there: $name', async ({ spec }) => {
    const nft = nftCommand({ processes: realProcesses, netns: node.path })
    const table = `table inet other {
      set seen { typeof meta mark . meta priority; flags dynamic; size 100; }
      chain pods { type filter hook prerouting priority raw; meta mark set 0x55; }
      chain node { type filter hook output priority mangle; meta mark set 0x66; }
      chain after { type filter hook postrouting priority srcnat + 10; ct state new ct status & dnat != 0 add @seen { meta mark . meta priority }; }
    }`
    await nft.transaction([{ op: 'load', text: table }])
    try {
      await put({ services: [service('web', { clusterIP: web, ...spec })], slices: [slice('web', [podA, podB])] })
      for (const peer of [client, onNode, client, onNode]) await peer?.ask('tcp', web, 80)
      expect(await nft.elements('other', 'seen')).toEqual(['0x00000055 . none', '0x00000066 . none'])
    } finally {
      await nft.transaction([{ op: 'delete-table', table: 'other' }])
      await node.run('nft', 'flush', 'map', 'inet', 'portolan-proxy', 'affinity')
    }
  })
})

describe('refusal', () => {
  test.each([
    { name: 'a service without endpoints', port: 80, endpoints: [] },
    { name: 'a port that the service does not have', port: 81, endpoints: [podA] },
  ])('$name, over TCP and UDP, from a pod and from the node', async ({ port, endpoints }) => {
    const ports = [
      { name: 'tcp', port: 80, protocol: 'TCP' },
      { name: 'udp', port: 80, protocol: 'UDP' },
    ]
    const slicePorts = [
      { name: 'tcp', port: 8080, protocol: 'TCP' },
      { name: 'udp', port: 5353, protocol: 'UDP' },
    ]
    await put({
      services: [service('web', { clusterIP: web, ports })],
      slices: [slice('web', endpoints, { ports: slicePorts })],
    })
    await expect(client?.ask('tcp', web, port)).rejects.toMatchObject(refused)
    await expect(client?.ask('udp', web, port)).rejects.toMatchObject(refused)
    await expect(onNode?.ask('tcp', web, port)).rejects.toMatchObject(refused)
    await expect(onNode?.ask('udp', web, port)).rejects.toMatchObject(refused)
  })

  test('does not need a route to the cluster IP', async () => {
    await put({ services: [service('web', { clusterIP: web })] })
    await node.ip('route del default')
    try {
      await expect(client?.ask('tcp', web, 80)).rejects.toMatchObject(refused)
      await expect(client?.ask('udp', web, 80)).rejects.toMatchObject(refused)
    } finally {
      await node.ip('route add default via 192.168.99.1')
    }
  })

  test('ends as soon as there is an endpoint, for UDP from the same client port, too', async () => {
    const ports = [{ port: 53, protocol: 'UDP' }]
    await put({ services: [service('web', { clusterIP: web, ports })], slices: [] })
    await expect(client?.ask('udp', web, 53, { localPort: 4000 })).rejects.toMatchObject(refused)
    await put({ slices: [slice('web', [podA], { ports: [{ port: 5353, protocol: 'UDP' }] })] })
    expect(await client?.ask('udp', web, 53, { localPort: 4000 })).toMatchObject({ server: 'a' })
  })

  test('a cluster IP does not answer to ping', async () => {
    await put({ services: [service('web', { clusterIP: web })], slices: [slice('web', [podA])] })
    const ping = realProcesses.run(['busybox', 'ping', '-c', '1', '-W', '1', web], { netns: client?.netns ?? '' })
    await expect(ping).rejects.toThrow('exit 1')
  })

  test('leaves a service address that is bound on the node alone, for pods and for the node', async () => {
    const bound = '10.96.0.53'
    await node.ip(`address add ${bound}/32 dev lo`)
    try {
      const labels = { 'service.kubernetes.io/service-proxy-name': 'dns' }
      const ports = [{ port: 53, protocol: 'UDP' }]
      const own = [{ port: 5353, protocol: 'UDP' }]
      await onNode?.serve('udp', 53, bound)
      const dns = service('dns', { clusterIP: bound, ports }, labels)
      await put({ services: [dns], slices: [slice('dns', [podA], { ports: own })] })
      expect(await client?.ask('udp', bound, 53)).toMatchObject({ server: 'node', client: podC })
      expect(await onNode?.ask('udp', bound, 53)).toMatchObject({ server: 'node' })
    } finally {
      await node.ip(`address del ${bound}/32 dev lo`)
    }
  })
})

describe('UDP', () => {
  const dns = service('dns', { clusterIP: '10.96.0.20', ports: [{ port: 53, protocol: 'UDP' }] })
  const ports = [{ port: 5353, protocol: 'UDP' }]

  test('reaches all endpoints, with the address of the client', async () => {
    await put({ services: [dns], slices: [slice('dns', [podA, podB], { ports })] })
    const answer = await client?.ask('udp', '10.96.0.20', 53, { localPort: 4000 })
    expect(answer).toMatchObject({ client: podC, clientPort: 4000 })
    expect(Object.keys(await tally(() => client?.ask('udp', '10.96.0.20', 53), 30)).sort()).toEqual(['a', 'b'])
  })

  test('a client whose endpoint left is answered by another at once', async () => {
    await put({ services: [dns], slices: [slice('dns', [podA], { ports })] })
    expect(await client?.ask('udp', '10.96.0.20', 53, { localPort: 4000 })).toMatchObject({ server: 'a' })
    await put({ slices: [slice('dns', [podB], { ports })] })
    expect(await client?.ask('udp', '10.96.0.20', 53, { localPort: 4000 })).toMatchObject({ server: 'b' })
  })

  test('a client whose endpoint stays keeps it while others come and go', async () => {
    await put({ services: [dns], slices: [slice('dns', [podA], { ports })] })
    const ask = () => client?.ask('udp', '10.96.0.20', 53, { localPort: 4000 })
    await ask()
    await put({ slices: [slice('dns', [podA, podB], { ports })] })
    expect(await tally(ask, 10)).toEqual({ a: 10 })
  })
})

describe('affinity', () => {
  const sticky = service('web', { clusterIP: web, ...affinity })

  test('a client stays with its endpoint, also when others come and go, until its own leaves', async () => {
    await put({ services: [sticky], slices: [slice('web', [podA, podB])] })
    const first = await client?.ask('tcp', web, 80)
    const ask = () => client?.ask('tcp', web, 80)
    expect(await tally(ask, 20)).toEqual({ [first?.server ?? '']: 20 })
    await put({ slices: [slice('web', ['10.108.1.99', podA, podB])] })
    expect(await tally(ask, 20)).toEqual({ [first?.server ?? '']: 20 })
    const [staying, other] = first?.server === 'a' ? [podB, 'b'] : [podA, 'a']
    await put({ slices: [slice('web', [staying])] })
    expect(await tally(ask, 5)).toEqual({ [other]: 5 })
    await put({ slices: [slice('web', [podA, podB])] })
    expect(await tally(ask, 20)).toEqual({ [other]: 20 })
  })

  test('can be switched on and off', async () => {
    await put({ services: [service('web', { clusterIP: web })], slices: [slice('web', [podA, podB])] })
    const ask = () => client?.ask('tcp', web, 80)
    expect(Object.keys(await tally(ask, 30))).toHaveLength(2)
    await put({ services: [sticky] })
    expect(Object.keys(await tally(ask, 30))).toHaveLength(1)
    await put({ services: [service('web', { clusterIP: web })] })
    expect(Object.keys(await tally(ask, 30))).toHaveLength(2)
  })

  test('a client is forgotten after the time', async () => {
    const short = { sessionAffinityConfig: { clientIP: { timeoutSeconds: 1 } } }
    await put({ services: [service('web', { clusterIP: web, ...affinity, ...short })], slices: [slice('web', [podA])] })
    const nft = nftCommand({ processes: realProcesses, netns: node.path })
    const remembered = () => nft.elements('portolan-proxy', 'affinity')
    // It may be forgotten before a slow machine has looked.
    const askAndLook = async () => {
      await client?.ask('tcp', web, 80)
      return remembered()
    }
    await expect.poll(askAndLook).toEqual([expect.stringMatching(`^${podC} . ${web} . tcp . 80 : [0-9a-f]+:[0-9a-f]+$`)])
    await expect.poll(remembered).toEqual([])
  })

  test('clients are spread, each on its own', async () => {
    await put({ services: [sticky], slices: [slice('web', [podA, podB])] })
    const seen = new Set<string | undefined>()
    for (let round = 0; round < 30; round += 1) {
      seen.add((await client?.ask('tcp', web, 80))?.server)
      await node.run('nft', 'flush', 'map', 'inet', 'portolan-proxy', 'affinity')
    }
    expect([...seen].sort()).toEqual(['a', 'b'])
  })
})
