import { expect, test } from 'vitest'
import type { Network } from './namespaces.ts'
import { planNetwork, type HeldDevice } from './network-plan.ts'

const wanted: Network = {
  sysctls: [],
  bridges: [{ name: 'nodes', mac: '02:00:c0:a8:63:01' }],
  veths: [{ name: 'node-1', bridge: 'nodes', peer: { namespace: 'n1', name: 'eth0', mac: '02:00:c0:a8:63:0b' } }],
  addresses: [{ device: 'nodes', address: '192.168.99.1/24' }],
  routes: [{ destination: 'default', via: '192.168.99.2' }],
}
const lo: HeldDevice = { name: 'lo', kind: '', up: true, addresses: ['127.0.0.1/8'] }
const nodes: HeldDevice = { name: 'nodes', kind: 'bridge', up: true, addresses: ['192.168.99.1/24'] }
const node1: HeldDevice = { name: 'node-1', kind: 'veth', up: true, bridge: 'nodes', addresses: [] }
const route = 'route replace default via 192.168.99.2'

for (const { name, held, lines } of [
  {
    name: 'everything into an empty namespace',
    held: [],
    lines: [
      'link add name nodes address 02:00:c0:a8:63:01 type bridge',
      'link add name node-1 type veth peer name eth0 address 02:00:c0:a8:63:0b netns n1',
      'link set dev node-1 master nodes',
      'address add 192.168.99.1/24 dev nodes',
      'link set dev lo up',
      'link set dev nodes up',
      'link set dev node-1 up',
      route,
    ],
  },
  { name: 'nothing but the routes when all is there', held: [lo, nodes, node1], lines: [route] },
  {
    name: 'only what differs',
    held: [lo, { ...nodes, addresses: ['10.0.0.1/8'] }, { name: 'node-1', kind: 'veth', up: false, addresses: [] }],
    lines: [
      'link set dev node-1 master nodes',
      'address add 192.168.99.1/24 dev nodes',
      'link set dev node-1 up',
      route,
    ],
  },
  {
    name: 'nothing for devices and addresses that are not named',
    held: [
      { ...lo, addresses: ['127.0.0.1/8', '203.0.113.10/32'] },
      nodes,
      node1,
      { name: 'pod7', kind: 'veth', up: false, addresses: ['10.108.1.1/32'] },
    ],
    lines: [route],
  },
]) {
  test(`plans ${name}`, () => {
    expect(planNetwork(held, wanted)).toEqual(lines)
  })
}

test('refuses a name that another kind of device has', () => {
  const held = [lo, { ...nodes, kind: '' }]
  expect(() => planNetwork(held, wanted)).toThrow('device nodes should be a bridge but is a hardware device')
})
