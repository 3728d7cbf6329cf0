import { parseIPv4, type Cidr } from '../base/ip.ts'
import type { DeviceAddress, Network, Sysctl, Veth } from '../kernel/namespaces.ts'
import {
  clientAddress,
  dnsServiceAddress,
  edgeAddress,
  ingressAddress,
  nodeAddress,
  serverAddress,
  type AddressPlan,
} from './address-plan.ts'

/** Names of a cluster's network namespaces. */
export interface NamespaceNames {
  readonly edge: string
  readonly outside: string
  node(node: number): string
}

export function namespaceNames(cluster: string): NamespaceNames {
  return {
    edge: `portolan-${cluster}-edge`,
    outside: `portolan-${cluster}-outside`,
    node: (node) => `portolan-${cluster}-${nodeName(node)}`,
  }
}

export function nodeName(node: number): string {
  return `node-${node}`
}

/** The edge's device to the nodes. */
export const nodesDevice = 'nodes'

/** The edge: router between the nodes, on a bridge, and the outside. It holds one end of every other one's pair. */
export function edgeNetwork(names: NamespaceNames, plan: AddressPlan, nodes: readonly number[]): Network {
  const toNode = (node: number): Veth => ({
    name: nodeName(node),
    bridge: nodesDevice,
    peer: { namespace: names.node(node), name: 'eth0', mac: macOf(nodeAddress(plan, node)) },
  })
  const toOutside: Veth = {
    name: 'outside',
    peer: { namespace: names.outside, name: 'eth0', mac: macOf(clientAddress(plan)) },
  }
  return {
    sysctls: [...nodeSysctls, bridgeWithoutNetfilter],
    bridges: [{ name: nodesDevice, mac: macOf(serverAddress(plan)) }],
    veths: [...nodes.map(toNode), toOutside],
    addresses: [
      on(nodesDevice, serverAddress(plan), plan.nodes),
      on('outside', edgeAddress(plan), plan.outside),
      { device: 'outside', address: `${ingressAddress(plan)}/32` },
    ],
    routes: [],
  }
}

/** A node; it answers on the address of cluster DNS by itself, so that names need no address translation. */
export function nodeNetwork(plan: AddressPlan, node: number): Network {
  return {
    sysctls: nodeSysctls,
    bridges: [],
    veths: [],
    addresses: [
      on('eth0', nodeAddress(plan, node), plan.nodes),
      { device: 'lo', address: `${dnsServiceAddress(plan)}/32` },
    ],
    routes: [{ destination: 'default', via: serverAddress(plan) }],
  }
}

/**
 * Where external clients run. The edge is their only neighbour: addresses of load balancers are of the same range as
 * theirs, but behind it.
 */
export function outsideNetwork(plan: AddressPlan): Network {
  return {
    sysctls: withoutPathFilter,
    bridges: [],
    veths: [],
    addresses: [{ device: 'eth0', address: `${clientAddress(plan)}/32` }],
    routes: [
      { destination: edgeAddress(plan), device: 'eth0' },
      { destination: 'default', via: edgeAddress(plan) },
    ],
  }
}

// New namespaces take some values over from the host, where distributions differ. A strict reverse-path filter would
// drop answers that come another way than the request went, as with translated addresses.
const withoutPathFilter: readonly Sysctl[] = [
  { key: 'net.ipv4.conf.all.rp_filter', value: '0' },
  { key: 'net.ipv4.conf.default.rp_filter', value: '0' },
]

// Forwarding first: changing it resets others. No redirects: a packet that leaves by the device it came in by has been
// translated here, and must come back this way.
export const nodeSysctls: readonly Sysctl[] = [
  { key: 'net.ipv4.ip_forward', value: '1' },
  ...withoutPathFilter,
  { key: 'net.ipv4.conf.all.send_redirects', value: '0' },
  { key: 'net.ipv4.conf.default.send_redirects', value: '0' },
]

/** Traffic between nodes only crosses the edge's bridge; without this, br_netfilter shows it to the edge's rules. */
const bridgeWithoutNetfilter: Sysctl = { key: 'net.bridge.bridge-nf-call-iptables', value: '0', optional: true }

function on(device: string, address: string, { bits }: Cidr): DeviceAddress {
  return { device, address: `${address}/${bits}` }
}

/** A locally administered MAC from the IPv4 address: a node that comes back is found under its old neighbour entry. */
function macOf(address: string): string {
  const bytes = (parseIPv4(address) ?? 0).toString(16).padStart(8, '0').match(/../g) ?? []
  return ['02', '00', ...bytes].join(':')
}
