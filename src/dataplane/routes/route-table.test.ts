import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Node } from '../../api/kinds/node.ts'
import { compileRoutes, diffRoutes, type NodeRoute } from './route-table.ts'

type Address = readonly [type: string, address: string]

function node(name: string, podCIDR: string | undefined, ...addresses: readonly Address[]): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: podCIDR === undefined ? {} : { podCIDR },
    status: { addresses: addresses.map(([type, address]) => ({ type, address })) },
  }
}

const one = node('node-1', '10.108.1.0/24', ['InternalIP', '192.168.99.11'])
const two = node('node-2', '10.108.2.0/24', ['Hostname', 'node-2'], ['InternalIP', '192.168.99.12'])
const toOne = { podCIDR: '10.108.1.0/24', via: '192.168.99.11' }
const toTwo = { podCIDR: '10.108.2.0/24', via: '192.168.99.12' }

describe('compiled routes', () => {
  for (const { name, nodes, own, expected } of [
    { name: 'are sorted, however the Nodes come', nodes: [two, one], own: undefined, expected: [toOne, toTwo] },
    { name: 'lack the own node', nodes: [one, two], own: 'node-1', expected: [toTwo] },
    {
      name: 'lack a Node without a range',
      nodes: [node('n', undefined, ['InternalIP', '192.168.99.13'])],
      own: undefined,
      expected: [],
    },
    { name: 'lack a Node without an address', nodes: [node('n', '10.108.3.0/24')], own: undefined, expected: [] },
    {
      name: 'lack what is not IPv4',
      nodes: [
        node('a', 'fd00::/64', ['InternalIP', '192.168.99.13']),
        node('b', '10.108.3.0/24', ['InternalIP', 'fd00::1']),
      ],
      own: undefined,
      expected: [],
    },
    {
      name: 'take the first IPv4 address of several',
      nodes: [
        node(
          'n',
          '10.108.3.0/24',
          ['InternalIP', 'fd00::1'],
          ['InternalIP', '192.168.99.13'],
          ['InternalIP', '192.168.99.14'],
        ),
      ],
      own: undefined,
      expected: [{ podCIDR: '10.108.3.0/24', via: '192.168.99.13' }],
    },
    {
      name: 'give a range that two Nodes claim to the first by name',
      nodes: [node('node-9', '10.108.1.0/24', ['InternalIP', '192.168.99.19']), one],
      own: undefined,
      expected: [toOne],
    },
  ]) {
    test(`${name}`, () => {
      expect(compileRoutes(nodes, own)).toEqual(expected)
    })
  }
})

describe('the difference', () => {
  for (const { name, held, wanted, lines } of [
    { name: 'is nothing between equals', held: [toOne, toTwo], wanted: [toTwo, toOne], lines: [] },
    {
      name: 'deletes before it replaces',
      held: [toOne, { ...toTwo, via: '192.168.99.99' }],
      wanted: [toTwo],
      lines: ['route delete 10.108.1.0/24 protocol 7', 'route replace 10.108.2.0/24 via 192.168.99.12 protocol 7'],
    },
  ]) {
    test(`${name}`, () => {
      expect(diffRoutes(held, wanted, 7)).toEqual(lines)
    })
  }

  test('leads from any table to any other', () => {
    const route = fc.record({ octet: fc.nat(5), via: fc.nat(5) }).map(({ octet, via }) => ({
      podCIDR: `10.108.${octet}.0/24`,
      via: `192.168.99.${via}`,
    }))
    const table = fc.uniqueArray(route, { selector: ({ podCIDR }) => podCIDR })
    fc.assert(
      fc.property(table, table, (held, wanted) => {
        expect(applied(held, diffRoutes(held, wanted, 7))).toEqual(applied(wanted, []))
      }),
    )
  })
})

function applied(held: readonly NodeRoute[], lines: readonly string[]): ReadonlyMap<string, string> {
  const table = new Map(held.map(({ podCIDR, via }) => [podCIDR, via]))
  for (const line of lines) {
    const [, verb = '', podCIDR = '', , via = ''] = line.split(' ')
    if (verb === 'delete') table.delete(podCIDR)
    else table.set(podCIDR, via)
  }
  return new Map([...table].sort())
}
