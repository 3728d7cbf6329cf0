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
    { name: 'end what is free of the own range', nodes: [one, two], own: 'node-1', expected: [{ podCIDR: toOne.podCIDR }, toTwo] },
    { name: 'need no address of the own Node', nodes: [node('n', '10.108.3.0/24')], own: 'n', expected: [{ podCIDR: '10.108.3.0/24' }] },
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
    {
      name: 'tells the end of a range from a way to it',
      held: [toOne, { podCIDR: toTwo.podCIDR }],
      wanted: [{ podCIDR: toOne.podCIDR }, toTwo],
      lines: [
        'route delete 10.108.1.0/24 protocol 7',
        'route delete unreachable 10.108.2.0/24 metric 4278190080 protocol 7',
        'route replace unreachable 10.108.1.0/24 metric 4278190080 protocol 7',
        'route replace 10.108.2.0/24 via 192.168.99.12 protocol 7',
      ],
    },
    { name: 'is nothing for an end that is held', held: [{ podCIDR: toOne.podCIDR }], wanted: [{ podCIDR: toOne.podCIDR }], lines: [] },
  ]) {
    test(`${name}`, () => {
      expect(diffRoutes(held, wanted, 7)).toEqual(lines)
    })
  }

  test('leads from any table to any other', () => {
    const route = fc.record({ octet: fc.nat(5), via: fc.option(fc.nat(5)) }).map(({ octet, via }) => ({
      podCIDR: `10.108.${octet}.0/24`,
      ...(via === null ? {} : { via: `192.168.99.${via}` }),
    }))
    const table = fc.uniqueArray(route, { selector: ({ podCIDR }) => podCIDR })
    fc.assert(
      fc.property(table, table, (held, wanted) => {
        expect(applied(held, diffRoutes(held, wanted, 7))).toEqual(applied(wanted, []))
      }),
    )
  })
})

/** As the kernel does: what it knows a route by stands before ` via ` or, where nothing leads on, before ` protocol `. */
function applied(held: readonly NodeRoute[], lines: readonly string[]): readonly string[] {
  const table = new Map<string, string>()
  for (const line of [...diffRoutes([], held, 7), ...lines]) {
    const [, verb = '', known = '', via = ''] = /^route (delete|replace) (.*?)(?: via (.*))? protocol 7$/.exec(line) ?? []
    if (verb === 'replace') table.set(known, via)
    else if (!table.delete(known)) throw new Error(`there is no route ${known}`)
  }
  return [...table].map((route) => route.join(' ')).sort()
}
