import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { FakeNamespaces } from '../kernel/fake-namespaces.ts'
import { CommandFailed } from '../kernel/processes.ts'
import { realNamespaces } from '../kernel/real-namespaces.ts'
import { realProcesses } from '../kernel/real-processes.ts'
import { addressPlan } from './address-plan.ts'
import { clusterNetwork } from './network.ts'

const plan = addressPlan()

describe('in the kernel', () => {
  const cluster = `test-${process.pid}`
  const namespaces = realNamespaces(realProcesses)
  const network = clusterNetwork(cluster, namespaces)
  const { names } = network
  afterEach(() => network.down())

  test('every part reaches every other one', async () => {
    await network.up(plan, [1, 2])
    for (const [from, to] of [
      [names.outside, '203.0.113.1'],
      [names.outside, '192.168.99.1'],
      [names.outside, '192.168.99.11'],
      [names.outside, '192.168.99.12'],
      [names.node(1), '192.168.99.12'],
      [names.node(2), '203.0.113.2'],
      [names.edge, '192.168.99.11'],
      [names.node(1), '10.96.0.10'],
    ] as const) {
      expect(await reach(namespaces.path(from), to), `${from} → ${to}`).toBe('refused by its host')
    }
  })

  test('up again changes nothing, and drops nodes that are no longer wanted', async () => {
    await network.up(plan, [1, 2])
    const before = await linksOf(names.edge)
    await network.up(plan, [1, 2])
    expect(await linksOf(names.edge)).toBe(before)
    await network.up(plan, [1])
    expect(await linksOf(names.edge)).not.toContain('node-2')
    expect(await namespaces.list()).not.toContain(names.node(2))
    expect(await reach(namespaces.path(names.outside), '192.168.99.11')).toBe('refused by its host')
  })

  test('a node comes and goes, at once and though a process is still in it', async () => {
    await network.up(plan, [1])
    await network.addNode(plan, 2)
    const abort = new AbortController()
    const inside = realProcesses.run(['sleep', '60'], { netns: namespaces.path(names.node(2)), signal: abort.signal })
    inside.catch(() => undefined)
    await network.removeNode(2)
    expect(await linksOf(names.edge)).not.toContain('node-2')
    await network.removeNode(2)
    await network.addNode(plan, 2)
    expect(await reach(namespaces.path(names.node(1)), '192.168.99.12')).toBe('refused by its host')
    abort.abort()
    await expect(inside).rejects.toThrow('aborted')
  })

  test('up repairs a node whose namespace was lost', async () => {
    await network.up(plan, [1])
    await namespaces.delete(names.node(1))
    await network.up(plan, [1])
    expect(await reach(namespaces.path(names.outside), '192.168.99.11')).toBe('refused by its host')
  })

  test('another one takes it down, and nothing is left', async () => {
    await network.up(plan, [1])
    await clusterNetwork(cluster, realNamespaces(realProcesses)).down()
    expect((await namespaces.list()).filter((name) => name.includes(cluster))).toEqual([])
    expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(cluster)
    await network.down()
  })

  test('rules of the edge do not see what its bridge passes on', async () => {
    await network.up(plan, [1])
    const files = ['bridge/bridge-nf-call-iptables', 'ipv4/ip_forward', 'ipv4/conf/eth0/rp_filter']
    const show = 'if [ -e $file ]; then cat $file; else echo 0; fi'
    const script = `cd /proc/sys/net; for file in ${files.join(' ')}; do ${show}; done`
    const { stdout } = await realProcesses.run(['sh', '-c', script], { netns: namespaces.path(names.edge) })
    expect(stdout.split('\n').slice(0, 3)).toEqual(['0', '1', '0'])
  })

  async function linksOf(name: string): Promise<string> {
    // Without their states, which the kernel brings up to date in its own time.
    const { stdout } = await realProcesses.run(['ip', '-json', 'link'], { netns: namespaces.path(name) })
    const links = JSON.parse(stdout) as readonly { ifindex: number; ifname: string; address: string; master?: string }[]
    return links.map((link) => [link.ifindex, link.ifname, link.address, link.master].join(' ')).join('\n')
  }
})

test('down leaves alone what belongs to clusters with similar names', async () => {
  const namespaces = new FakeNamespaces()
  const others = ['a-b', 'a-node-1', 'ab'].map((cluster) => clusterNetwork(cluster, namespaces))
  for (const other of others) await other.up(plan, [1])
  await namespaces.create('portolan-a-mine')
  const before = await namespaces.list()
  const network = clusterNetwork('a', namespaces)
  await network.up(plan, [1, 2])
  await network.down()
  expect(await namespaces.list()).toEqual(before)
})

/** Tries a port on which nobody listens: only the host itself refuses that, everything else on the way is silent. */
async function reach(netns: string, address: string): Promise<string> {
  try {
    await realProcesses.run(['timeout', '5', 'bash', '-c', `: < /dev/tcp/${address}/9`], { netns })
    return 'answered'
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    return error.stderr.includes('Connection refused') ? 'refused by its host' : error.message
  }
}
