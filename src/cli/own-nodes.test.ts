import { expect, test } from 'vitest'
import type { Node } from '../api/kinds/node.ts'
import { type ClusterConfig, defaults } from '../cluster/config.ts'
import { numberToAdd } from './own-nodes.ts'

function at(name: string, ...addresses: readonly string[]): Node {
  const metadata = { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
  return { apiVersion: 'v1', kind: 'Node', metadata, spec: {}, status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) } }
}

const config: ClusterConfig = { ...defaults, name: 'one', home: '/home', nodes: [1, 3] }
const own = [at('node-1', '192.168.99.11'), at('node-3', '192.168.99.13')]

for (const { name, present = own, given, number } of [
  { name: 'the first that is free', number: 2 },
  { name: 'not one whose address a machine has that joined', present: [...own, at('a', '192.168.99.12'), at('b', '192.168.99.14', '10.0.0.1')], number: 5 },
  { name: 'one whose address another claims beside that which it is reached at', present: [...own, at('a', '10.0.0.1', '192.168.99.12')], number: 2 },
  { name: 'one whose own Node is still there', present: [...own, at('node-2', '192.168.99.12')], number: 2 },
  { name: 'the one that was asked for', given: 7, number: 7 },
  { name: 'one that there is no room for is told by the cluster', given: 4000, number: 4000 },
]) {
  test(`a node is added with the number of ${name}`, () => {
    expect(numberToAdd(config, present, given)).toBe(number)
  })
}

test('a number whose address another machine has is refused', () => {
  const present = [...own, at('machine-a', '192.168.99.12')]
  expect(() => numberToAdd(config, present, 2)).toThrow(
    'node-2 would have the address 192.168.99.12, which machine-a says it has: choose another number, or have machine-a join with another --node-ip',
  )
})
