import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { homeOf, layoutOf } from './layout.ts'

for (const { given, expected } of [
  { given: undefined, expected: '/var/lib/portolan' },
  { given: '', expected: '/var/lib/portolan' },
  { given: '/srv/portolan', expected: '/srv/portolan' },
  // The supervisor works in another folder than the command.
  { given: 'here', expected: resolve('here') },
]) {
  test(`PORTOLAN_HOME=${given} is ${expected}`, () => {
    expect(homeOf(given === undefined ? {} : { PORTOLAN_HOME: given })).toBe(expected)
  })
}

const layout = layoutOf('/home', 'a-cluster-of-22-letters')
const node = layout.node('node-244')

test('what ends with the processes is under /run, what lasts is not', () => {
  const live = [layout.controlSocket, node.containerdState, node.containerdSocket, node.cniConf, node.cniState]
  const { configFile, storeFile, pki, logs } = layout
  const lasting = [configFile, storeFile, pki, logs, node.containerdRoot, node.containerdLog, node.pods]
  expect(live.filter((path) => !path.startsWith(`${layout.run}/`))).toEqual([])
  expect(lasting.filter((path) => !path.startsWith(`${layout.state}/`))).toEqual([])
})

test.each(['images', 'registries'] as const)('%s are shared by clusters, and outlive each', (what) => {
  expect(layoutOf('/home', 'one')[what]).toBe(layoutOf('/home', 'two')[what])
  expect(layout[what].startsWith(layout.state)).toBe(false)
})

test('sockets have names that the kernel takes (unix(7): 107 bytes, containerd adds .ttrpc)', () => {
  for (const path of [layout.controlSocket, `${node.containerdSocket}.ttrpc`]) expect(path.length).toBeLessThan(107)
})
