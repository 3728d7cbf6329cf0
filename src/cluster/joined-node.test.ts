import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formatCidr } from '../base/ip.ts'
import { defaults, type ClusterConfig } from './config.ts'
import { type JoinedNode, joinedLayout, joinedNodeSettings, readJoinedNode, writeJoinedNode } from './joined-node.ts'
import { layoutOf } from './layout.ts'
import { nodeSettingsData, ownMachines, ownNodeSettings, readNodeSettingsData } from './node-settings.ts'

const config: ClusterConfig = { ...defaults, name: 'one', home: '/home', ranges: { pods: '172.20.0.0/16' }, dns: { ttlSeconds: 9 } }
const node: JoinedNode = { name: 'a', address: '192.168.99.20', server: 'https://192.168.99.1:6443', network: nodeSettingsData(config) }

test('a machine that joins is told of the network what the own nodes know', () => {
  const { name: _n, address: _a, networkName: _w, podsCgroup: _g, paths: _p, seedRun: _s, machineLoopback, ...own } = ownNodeSettings(config, layoutOf('/home', 'one'), 1)
  const joined = joinedNodeSettings('/home', joinedLayout('/home/agents/a', 'a'), node)
  expect(joined).toMatchObject(own)
  // It is a machine itself.
  expect([machineLoopback, joined.machineLoopback]).toEqual(['169.254.77.1', undefined])
  expect(joined).toMatchObject({ name: 'a', address: '192.168.99.20', dns: { ttlSeconds: 9 }, images: '/home/images' })
  expect(formatCidr(joined.pods)).toBe('172.20.0.0/16')
})

for (const { name, change, message } of [
  { name: 'lacks', change: { podCIDR: '' }, message: 'the cluster does not tell podCIDR in ConfigMap kube-system/portolan-node: is its version older than this one?' },
  { name: 'whose address is more than one', change: { clusterDNS: '10.96.0.10/32 dev lo\nlink set lo down\n' }, message: /^the cluster tells clusterDNS 10\.96\.0\.10.*, which is no IPv4 address: see ConfigMap/s },
  { name: 'whose domain is none', change: { clusterDomain: 'a b' }, message: 'the cluster tells clusterDomain a b, which is no domain: see ConfigMap kube-system/portolan-node' },
  { name: 'in half of JSON', change: { 'dns.json': '{"ttl' }, message: 'the cluster tells dns.json {"ttl, which is no JSON object: see ConfigMap kube-system/portolan-node' },
  { name: 'that are no ranges', change: { serviceCIDR: '10.96' }, message: 'the cluster tells serviceCIDR 10.96, which is no IPv4 range: see ConfigMap kube-system/portolan-node' },
]) {
  test(`settings ${name} are refused`, () => {
    expect(() => readNodeSettingsData({ ...node.network, ...change })).toThrow(message)
  })
}

test('nodes of one name from different folders have nothing in common on a machine', () => {
  const [one, two] = ['/a', '/b'].map((state) => joinedLayout(state, 'a'))
  expect([one?.paths.run, one?.cgroup, one?.networkName]).not.toContain(two?.paths.run)
  expect(one?.paths.run).not.toBe(two?.paths.run)
  expect(one?.cgroup).not.toBe(two?.cgroup)
  expect(one?.networkName).not.toBe(two?.networkName)
})

describe('names and addresses that are kept', () => {
  const { isReserved, isForeign } = ownMachines({ ...defaults, name: 'one', home: '/home', clusterDomain: 'corp.example' })
  test('of the own nodes and the edge', () => {
    expect(['node-1', 'node-77', 'edge', 'node-a', 'machine', 'my-node-1'].filter(isReserved)).toEqual(['node-1', 'node-77', 'edge'])
  })
  test('of the API and of Services, for which a node would get a certificate', () => {
    const names = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'web.shop.svc.corp.example', 'kubernetes-2', 'svc', 'a.example']
    expect(names.filter(isReserved)).toEqual(names.slice(0, 5))
  })
  test('of the server, and those that are of pods, Services and load balancers, or of every machine', () => {
    const addresses = ['192.168.99.1', '203.0.113.3', '203.0.113.77', '10.96.0.1', '10.108.7.7', '127.0.0.1', '::1', '192.168.99.20', '172.16.0.1']
    expect(addresses.filter(isForeign)).toEqual(addresses.slice(0, 7))
  })
})

describe('what is kept of a node', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portolan-joined-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  test('is read as it was written, and root’s alone', async () => {
    const file = join(folder, 'state', 'node.json')
    expect(await readJoinedNode(file)).toBeUndefined()
    await writeJoinedNode(file, node)
    expect(await readJoinedNode(file)).toEqual(node)
    expect((await stat(file)).mode & 0o077).toBe(0)
  })

  test('is refused when it is broken', async () => {
    const file = join(folder, 'node.json')
    for (const text of ['', '{"name": "a"}', 'null']) {
      await writeFile(file, text)
      await expect(readJoinedNode(file)).rejects.toThrow(`${file} does not describe a node: take it away, and join again with a token`)
    }
  })
})
