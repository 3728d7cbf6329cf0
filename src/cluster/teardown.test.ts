import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FakeCgroups } from '../kernel/fake-cgroups.ts'
import { FakeNamespaces } from '../kernel/fake-namespaces.ts'
import { addressPlan } from './address-plan.ts'
import { nodePodsCgroup, nodeSystemCgroup, systemCgroup } from './cgroup-names.ts'
import { defaults, writeConfig } from './config.ts'
import { type Layout, layoutOf } from './layout.ts'
import { clusterNetwork } from './network.ts'
import { teardown, type TeardownDeps } from './teardown.ts'

let folder: string
let layout: Layout
let cgroups: FakeCgroups
let namespaces: FakeNamespaces
/** What was asked of the machine, in order. */
let calls: string[]
let deps: TeardownDeps

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-teardown-'))
  layout = { ...layoutOf(join(folder, 'home'), 'one'), run: join(folder, 'run', 'one') }
  cgroups = new FakeCgroups()
  namespaces = new FakeNamespaces()
  calls = []
  const unmountBelow = async (below: string) => {
    const left = await cgroups.processes('/portolan/one')
    calls.push(`unmount ${below === layout.run ? 'run' : 'state'} with ${left.length} processes left`)
  }
  const removeRuntimeLeftovers = async (cluster: string, node: number) => {
    calls.push(`leftovers of ${cluster} node-${node}, run ${(await readdir(dirname(layout.run))).join()}`)
  }
  deps = { cgroups, namespaces, mounts: { unmountBelow }, removeRuntimeLeftovers }
})
afterEach(() => rm(folder, { recursive: true }))

async function start(nodes: readonly number[]): Promise<void> {
  await clusterNetwork('one', namespaces).up(addressPlan(), nodes)
  const groups = nodes.flatMap((node) => [nodeSystemCgroup('one', node), nodePodsCgroup('one', node)])
  for (const [index, group] of [systemCgroup('one'), ...groups].entries()) {
    await cgroups.create(group)
    await cgroups.add(group, 100 + index)
  }
  for (const node of nodes) await mkdir(join(layout.run, `node-${node}`), { recursive: true })
  await writeConfig(layout.configFile, { ...defaults, name: 'one', home: layout.home, nodes })
}

test('nothing in the kernel or below /run is left, and state on disk is kept', async () => {
  await start([1, 2])
  await teardown('one', layout, deps)
  expect(cgroups.paths).toEqual([])
  expect(await namespaces.list()).toEqual([])
  expect(await readdir(folder)).toEqual(['home'])
  expect(await readdir(layout.state)).toEqual(['cluster.json'])
})

test('processes end before mounts go, and those before what runtimes leave is looked for', async () => {
  await start([1, 2])
  await teardown('one', layout, deps)
  expect(calls).toEqual([
    'unmount run with 0 processes left',
    'unmount state with 0 processes left',
    'leftovers of one node-1, run one',
    'leftovers of one node-2, run one',
  ])
})

test('nodes are those that ran, whatever the configuration says now', async () => {
  await start([1, 2])
  await writeFile(layout.configFile, '{ broken')
  await teardown('one', layout, deps)
  expect(calls.filter((call) => call.startsWith('leftovers'))).toHaveLength(2)
  expect(await readdir(folder)).toEqual(['home'])
})

test('a second time, and for a cluster that never was, there is nothing to do', async () => {
  await teardown('one', layout, deps)
  await start([1])
  await teardown('one', layout, deps)
  await teardown('one', layout, deps)
  expect(await readdir(folder)).toEqual(['home'])
})

test('another cluster is left alone', async () => {
  await start([1])
  await clusterNetwork('two', namespaces).up(addressPlan(), [1])
  await cgroups.create(systemCgroup('two'))
  await cgroups.add(systemCgroup('two'), 7)
  await mkdir(join(folder, 'run', 'two'))
  await teardown('one', layout, deps)
  expect(await cgroups.processes(systemCgroup('two'))).toEqual([7])
  expect(await namespaces.list()).toEqual(['portolan-two-edge', 'portolan-two-node-1', 'portolan-two-outside'])
  expect(await readdir(join(folder, 'run'))).toEqual(['two'])
})

test('a process that does not end is an error, and what it may still need stays', async () => {
  await start([1])
  cgroups.immortal.add(100)
  await expect(teardown('one', layout, deps)).rejects.toThrow('processes in the cgroup /portolan/one do not end: 100')
  expect(await namespaces.list()).not.toEqual([])
})
