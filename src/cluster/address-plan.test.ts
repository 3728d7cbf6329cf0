import { describe, expect, test } from 'vitest'
import { formatCidr, formatRange } from '../base/ip.ts'
import {
  addressPlan,
  AddressPlanError,
  apiServiceAddress,
  clientAddress,
  collisions,
  dnsServiceAddress,
  edgeAddress,
  ingressAddress,
  loadBalancerPool,
  maxNodes,
  nodeAddress,
  podCidrOf,
  serverAddress,
} from './address-plan.ts'

const plan = addressPlan()

test('gives every part its address', () => {
  expect({
    server: serverAddress(plan),
    nodes: [nodeAddress(plan, 1), nodeAddress(plan, 2)],
    pods: [podCidrOf(plan, 1), podCidrOf(plan, 244)],
    outside: [edgeAddress(plan), clientAddress(plan), ingressAddress(plan)],
    services: [apiServiceAddress(plan), dnsServiceAddress(plan)],
    loadBalancers: formatRange(loadBalancerPool(plan)),
    most: maxNodes(plan),
  }).toEqual({
    server: '192.168.99.1',
    nodes: ['192.168.99.11', '192.168.99.12'],
    pods: ['10.108.1.0/24', '10.108.244.0/24'],
    outside: ['203.0.113.1', '203.0.113.2', '203.0.113.3'],
    services: ['10.96.0.1', '10.96.0.10'],
    loadBalancers: '203.0.113.10-203.0.113.254',
    most: 244,
  })
})

test('takes given ranges instead of the presets', () => {
  const given = addressPlan({ pods: '172.20.0.0/16', outside: undefined })
  expect(formatCidr(given.pods)).toBe('172.20.0.0/16')
  expect(formatCidr(given.outside)).toBe('203.0.113.0/24')
})

test('the smallest outside has a few addresses for load balancers', () => {
  expect(formatRange(loadBalancerPool(addressPlan({ outside: '198.51.100.16/28' })))).toBe('198.51.100.26-198.51.100.30')
})

test('the last node has an address below the broadcast address', () => {
  const small = addressPlan({ nodes: '10.0.0.0/27' })
  expect(maxNodes(small)).toBe(20)
  expect(nodeAddress(small, 20)).toBe('10.0.0.30')
})

describe('refuses', () => {
  for (const { given, message } of [
    {
      given: { pods: '10.108.0.1/16' },
      message: '--pod-cidr 10.108.0.1/16 is not an IPv4 range such as 10.108.0.0/16',
    },
    {
      given: { services: 'fd00::/108' },
      message: '--service-cidr fd00::/108 is not an IPv4 range such as 10.96.0.0/13',
    },
    {
      given: { nodes: '192.168.99.0/30' },
      message: '--node-cidr 192.168.99.0/30 has a wrong size: give a range from /8 to /27',
    },
    {
      given: { services: '10.0.0.0/8' },
      message: '--service-cidr 10.0.0.0/8 has a wrong size: give a range from /12 to /27',
    },
    {
      given: { services: '10.96.0.0/12' },
      message:
        '--pod-cidr 10.108.0.0/16 overlaps --service-cidr 10.96.0.0/12: choose ranges that have no address in common',
    },
    {
      given: { outside: '127.1.0.0/16' },
      message: '--outside-cidr 127.1.0.0/16 lies in 127.0.0.0/8, which has no ordinary addresses: choose another',
    },
    {
      given: { pods: '10.100.0.0/16' },
      message:
        '--pod-cidr 10.100.0.0/16 overlaps --service-cidr 10.96.0.0/13: choose ranges that have no address in common',
    },
  ]) {
    test(`as ${message}`, () => {
      expect(() => addressPlan(given)).toThrow(new AddressPlanError(message))
    })
  }

  test.each([0, -1, 1.5, 245])('node %d', (node) => {
    expect(() => nodeAddress(plan, node)).toThrow(`there is no room for node-${node}`)
    expect(() => podCidrOf(plan, node)).toThrow('hold 244 nodes')
  })
})

describe('collisions', () => {
  for (const { name, addresses = [], routes = [], expected } of [
    {
      name: 'none with default routes, however written, and with loopback',
      addresses: [{ device: 'lo', address: '127.0.0.1/8' }],
      routes: [{ destination: 'default' }, { destination: '0.0.0.0/1' }, { destination: '128.0.0.0/1' }],
      expected: [],
    },
    {
      name: 'an interface, once though its route collides too',
      addresses: [{ device: 'eth0', address: '192.168.99.7/24' }],
      routes: [{ destination: '192.168.99.0/24', device: 'eth0' }],
      expected: [
        sentence('--node-cidr', '192.168.99.0/24', 'the address 192.168.99.7/24 on eth0'),
      ],
    },
    {
      name: 'a wide route, with every range in it',
      routes: [{ destination: '10.0.0.0/8', device: 'tun0' }],
      expected: [
        sentence('--pod-cidr', '10.108.0.0/16', 'the route to 10.0.0.0/8 through tun0'),
        sentence('--service-cidr', '10.96.0.0/13', 'the route to 10.0.0.0/8 through tun0'),
      ],
    },
    {
      name: 'a single address behind a route',
      routes: [{ destination: '203.0.113.9/32' }],
      expected: [
        sentence('--outside-cidr', '203.0.113.0/24', 'the route to 203.0.113.9/32'),
      ],
    },
  ]) {
    test(`find ${name}`, () => {
      expect(collisions(plan, addresses, routes)).toEqual(expected)
    })
  }
})

function sentence(flag: string, cidr: string, what: string): string {
  return `${flag} ${cidr} collides with ${what} of this machine: choose a free range with ${flag}`
}
