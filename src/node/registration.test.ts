import { describe, expect, test } from 'vitest'
import { Leases } from '../api/kinds/lease.ts'
import { Nodes, type Node } from '../api/kinds/node.ts'
import { silentLog } from '../base/log.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { MemoryClient } from '../client/memory-client.ts'
import { kibibytes, prettyName, readLoad, readMachine, type MachineLoad } from './machine.ts'
import { nodeConditions } from './node-status.ts'
import { NodeRegistration } from './registration.ts'

const plenty: MachineLoad = { memoryAvailableBytes: 2 ** 30, diskAvailable: 0.5, inodesAvailable: 1, pidsAvailable: 0.9 }

const machine = {
  cpus: 4,
  memoryBytes: 8 * 2 ** 30,
  diskBytes: 100 * 2 ** 30,
  architecture: 'amd64',
  kernelVersion: '6.1.0',
  osImage: 'Debian GNU/Linux 12 (bookworm)',
  machineID: 'abc',
  bootID: 'def',
}

function testRegistration({ problems = [] as string[] } = {}) {
  const clock = new ManualClock()
  const client = new MemoryClient({ now: () => clock.now() })
  const stop = new AbortController()
  const registration = new NodeRegistration({
    client,
    clock,
    log: silentLog,
    signal: stop.signal,
    node: {
      name: 'node-1',
      address: '192.168.99.11',
      kubeletPort: 10250,
      kubeletVersion: 'v1.36.0-portolan.1',
      containerRuntimeVersion: 'containerd://1.6.20~ds1',
      machine,
    },
    load: async () => plenty,
    problems: async () => problems,
  })
  const statusWrites = () => client.writes.filter(({ resource, subresource }) => resource === 'nodes' && subresource === 'status')
  return { clock, client, stop, registration, statusWrites, node: () => client.peek(Nodes, 'node-1') }
}

function assignRange(client: MemoryClient, range: string): void {
  const node = client.peek(Nodes, 'node-1')
  if (node !== undefined) client.seed(Nodes, { ...node, spec: { ...node.spec, podCIDR: range } })
}

const conditionsOf = (node: Node | undefined) => node?.status?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`)

test('a node registers, and waits for its range', async () => {
  const { registration, client, clock, node } = testRegistration()
  const range = registration.register()
  await expect.poll(() => node()?.status).toBeDefined()
  expect(node()).toMatchObject({
    metadata: { labels: { 'kubernetes.io/hostname': 'node-1', 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' } },
    status: {
      addresses: [
        { type: 'InternalIP', address: '192.168.99.11' },
        { type: 'Hostname', address: 'node-1' },
      ],
      capacity: { cpu: '4', memory: '8388608Ki', pods: '110', 'ephemeral-storage': '104857600Ki' },
      allocatable: { cpu: '4', pods: '110' },
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: { kubeletVersion: 'v1.36.0-portolan.1', osImage: 'Debian GNU/Linux 12 (bookworm)', operatingSystem: 'linux' },
    },
  })
  expect(conditionsOf(node())).toEqual([
    'MemoryPressure False KubeletHasSufficientMemory',
    'DiskPressure False KubeletHasNoDiskPressure',
    'PIDPressure False KubeletHasSufficientPID',
    'Ready True KubeletReady',
  ])
  assignRange(client, '10.108.1.0/24')
  await expect.poll(() => {
    clock.advance(2000)
    return client.calls.filter(({ verb }) => verb === 'get').length
  }).toBeGreaterThan(0)
  clock.advance(2000)
  expect(await range).toBe('10.108.1.0/24')
})

test('a node that is known is brought up to date, and keeps what is not the agent’s', async () => {
  const { registration, client, node } = testRegistration()
  client.seed(Nodes, {
    metadata: { name: 'node-1', labels: { zone: 'a' } },
    spec: { podCIDR: '10.108.3.0/24', unschedulable: true },
    status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2025-01-01T00:00:00Z' }, { type: 'Own', status: 'True' }] },
  })
  expect(await registration.register()).toBe('10.108.3.0/24')
  expect(node()?.metadata.labels).toMatchObject({ zone: 'a', 'kubernetes.io/hostname': 'node-1' })
  expect(node()?.spec.unschedulable).toBe(true)
  const conditions = node()?.status?.conditions ?? []
  expect(conditions.find(({ type }) => type === 'Ready')?.lastTransitionTime).toBe('2025-01-01T00:00:00Z')
  expect(conditions.at(-1)).toMatchObject({ type: 'Own', status: 'True' })
})

describe('heartbeats', () => {
  test('renew the lease; the status is written on a change and every five minutes', async () => {
    const { registration, client, clock, stop, statusWrites } = testRegistration()
    client.seed(Nodes, { metadata: { name: 'node-1' }, spec: { podCIDR: '10.108.1.0/24' } })
    await registration.register()
    const written = statusWrites().length
    const running = registration.run()
    for (let beat = 1; beat <= 31; beat += 1) {
      await expect.poll(() => clock.nextTimerMs, { interval: 1 }).toBe(10_000)
      clock.advance(10_000)
      const renewed = clock.now().toISOString().replace('Z', '000Z')
      const lease = () => client.peek(Leases, 'kube-node-lease/node-1')?.spec
      await expect.poll(lease, { interval: 1 }).toMatchObject({ renewTime: renewed })
    }
    expect(statusWrites().length - written).toBe(1)
    expect(client.peek(Leases, 'kube-node-lease/node-1')).toMatchObject({
      metadata: { ownerReferences: [{ kind: 'Node', name: 'node-1' }] },
      spec: { holderIdentity: 'node-1', leaseDurationSeconds: 40 },
    })
    stop.abort()
    await running
  })

  test('a node that somebody deleted comes back', async () => {
    const { registration, client, clock, stop, node } = testRegistration()
    client.seed(Nodes, { metadata: { name: 'node-1' }, spec: { podCIDR: '10.108.1.0/24' } })
    await registration.register()
    client.unseed(Nodes, { name: 'node-1' })
    client.unseed(Leases, { namespace: 'kube-node-lease', name: 'node-1' })
    const running = registration.run()
    await expect.poll(() => {
      clock.advance(clock.nextTimerMs ?? 0)
      return conditionsOf(node())
    }, { timeout: 5000, interval: 1 }).toContain('Ready True KubeletReady')
    stop.abort()
    await running
  })
})

test('what keeps a node from running pods is told', async () => {
  const { registration, client, node } = testRegistration({ problems: ['container runtime is down: no socket'] })
  client.seed(Nodes, { metadata: { name: 'node-1' }, spec: { podCIDR: '10.108.1.0/24' } })
  await registration.register()
  expect(node()?.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'False',
    reason: 'KubeletNotReady',
    message: 'container runtime is down: no socket',
  })
})

test('a node that is ready stays so for half a minute with a problem: its pods run on', async () => {
  const problems = ['container runtime is down: no socket']
  const { registration, client, clock, node } = testRegistration({ problems })
  const status = { conditions: [{ type: 'Ready', status: 'True' }] }
  client.seed(Nodes, { metadata: { name: 'node-1' }, spec: { podCIDR: '10.108.1.0/24' }, status })
  await registration.register()
  const ready = () => node()?.status?.conditions?.find(({ type }) => type === 'Ready')?.status
  clock.advance(29_999)
  await registration.refresh()
  expect(ready()).toBe('True')
  const [problem = ''] = problems.splice(0)
  await registration.refresh()
  problems.push(problem)
  for (const [passedMs, expected] of [[0, 'True'], [29_999, 'True'], [1, 'False']] as const) {
    clock.advance(passedMs)
    await registration.refresh()
    expect(ready()).toBe(expected)
  }
})

for (const { name, load, holds } of [
  { name: 'memory', load: { memoryAvailableBytes: 2 ** 20 }, holds: 'MemoryPressure KubeletHasInsufficientMemory' },
  { name: 'disk', load: { diskAvailable: 0.01 }, holds: 'DiskPressure KubeletHasDiskPressure' },
  { name: 'inodes', load: { inodesAvailable: 0.01 }, holds: 'DiskPressure KubeletHasDiskPressure' },
  { name: 'process ids', load: { pidsAvailable: 0.01 }, holds: 'PIDPressure KubeletHasInsufficientPID' },
]) {
  test(`a lack of ${name} is a pressure`, () => {
    const conditions = nodeConditions({ ...plenty, ...load }, [], { before: [], now: new Date(0) })
    const pressing = conditions.filter(({ type, status }) => type !== 'Ready' && status === 'True')
    expect(pressing.map(({ type, reason }) => `${type} ${reason}`)).toEqual([holds])
  })
}

test('this machine can be read', async () => {
  const found = await readMachine('/')
  expect(found.cpus).toBeGreaterThan(0)
  expect(found.memoryBytes).toBeGreaterThan(0)
  expect(found.osImage).not.toBe('')
  expect(await readLoad('/')).toMatchObject({ memoryAvailableBytes: expect.any(Number), pidsAvailable: expect.any(Number) })
})

test('files of the kernel and the system are read', () => {
  expect(kibibytes('MemTotal:       16384 kB\nMemFree: 1 kB\n', 'MemTotal')).toBe(16_777_216)
  expect(prettyName('NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')).toBe('Debian GNU/Linux 12 (bookworm)')
})
