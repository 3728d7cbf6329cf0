import {
  addressAt,
  contains,
  formatCidr,
  overlaps,
  parseCidr,
  parseIPv4,
  sizeOf,
  type AddressRange,
  type Cidr,
} from '../base/ip.ts'
import type { HeldAddress, HeldRoute } from '../kernel/namespaces.ts'
import { UserError } from './user-error.ts'

/** The IPv4 ranges of one cluster. */
export interface AddressPlan {
  /** Split into one /24 per node. */
  readonly pods: Cidr
  readonly services: Cidr
  readonly nodes: Cidr
  /** External clients and LoadBalancer addresses. */
  readonly outside: Cidr
}

/** A range that cannot be used; the message is one sentence that names the flag to change. */
export class AddressPlanError extends UserError {
  override readonly name = 'AddressPlanError'
}

interface RangeRule {
  readonly range: keyof AddressPlan
  readonly flag: string
  readonly preset: string
  /** Prefix lengths from `widest` to `narrowest` are accepted. */
  readonly widest: number
  readonly narrowest: number
}

// kube-apiserver, too, takes no service range wider than /12. A node range narrower than /27 has hardly an address
// left behind .10; a pod range must hold /24 number 1, the first node's. The service preset is half of the customary
// 10.96.0.0/12, whose other half has the pods in it.
const rules: readonly RangeRule[] = [
  { range: 'pods', flag: '--pod-cidr', preset: '10.108.0.0/16', widest: 8, narrowest: 23 },
  { range: 'services', flag: '--service-cidr', preset: '10.96.0.0/13', widest: 12, narrowest: 27 },
  { range: 'nodes', flag: '--node-cidr', preset: '192.168.99.0/24', widest: 8, narrowest: 27 },
  { range: 'outside', flag: '--outside-cidr', preset: '203.0.113.0/24', widest: 8, narrowest: 28 },
]

/** Ranges whose addresses no interface can have (RFC 6890): this network, loopback, link-local, multicast, reserved. */
const unusable = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'].map(known)

/** The presets, with those ranges replaced that are given. Throws `AddressPlanError`. */
export function addressPlan(given: { readonly [Range in keyof AddressPlan]?: string | undefined } = {}): AddressPlan {
  const [pods, services, nodes, outside] = rules.map((rule) => parseRange(rule, given[rule.range] ?? rule.preset))
  if (pods === undefined || services === undefined || nodes === undefined || outside === undefined) {
    throw new TypeError('a range has no rule')
  }
  const plan = { pods, services, nodes, outside }
  checkOverlaps(plan)
  return plan
}

/**
 * One sentence for each range that the machine uses already, by an address or by a route other than the default one.
 * Addresses and routes are those of the host's own namespace.
 */
export function collisions(
  plan: AddressPlan,
  addresses: readonly HeldAddress[],
  routes: readonly HeldRoute[],
): readonly string[] {
  return rules.flatMap(({ range, flag }) => {
    const cidr = plan[range]
    const what = usedBy(cidr, addresses, routes)
    if (what === undefined) return []
    return [`${flag} ${formatCidr(cidr)} collides with ${what} of this machine: choose a free range with ${flag}`]
  })
}

/** The edge's address in the node range: the nodes' router and where the API server is reached from within. */
export function serverAddress({ nodes }: AddressPlan): string {
  return addressAt(nodes, 1)
}

/** Address of node-1, node-2, … Throws `AddressPlanError` if the range holds no such node. */
export function nodeAddress(plan: AddressPlan, node: number): string {
  checkNode(plan, node)
  return addressAt(plan.nodes, 10 + node)
}

/** The pod range of node-1, node-2, … Throws `AddressPlanError` if the range holds no such node. */
export function podCidrOf(plan: AddressPlan, node: number): string {
  checkNode(plan, node)
  return `${addressAt(plan.pods, node * 256)}/24`
}

/** How many nodes the plan has room for. */
export function maxNodes({ pods, nodes }: AddressPlan): number {
  const broadcast = 1
  return Math.min(sizeOf(pods) / 256 - 1, sizeOf(nodes) - 11 - broadcast)
}

export function edgeAddress({ outside }: AddressPlan): string {
  return addressAt(outside, 1)
}

/** Where clients from outside reach Ingresses. */
export function ingressAddress({ outside }: AddressPlan): string {
  return addressAt(outside, 3)
}

export function clientAddress({ outside }: AddressPlan): string {
  return addressAt(outside, 2)
}

/** Addresses for load balancers: all of the outside but its first ten, where hosts are, and its last, which is no host's. */
export function loadBalancerPool({ outside }: AddressPlan): AddressRange {
  return { first: outside.base + 10, last: outside.base + sizeOf(outside) - 2 }
}

/** Cluster IP of the `kubernetes` Service. */
export function apiServiceAddress({ services }: AddressPlan): string {
  return addressAt(services, 1)
}

/** Cluster IP of the `kube-dns` Service. */
export function dnsServiceAddress({ services }: AddressPlan): string {
  return addressAt(services, 10)
}

function parseRange({ flag, preset, widest, narrowest }: RangeRule, text: string): Cidr {
  const cidr = parseCidr(text)
  if (cidr === undefined) throw new AddressPlanError(`${flag} ${text} is not an IPv4 range such as ${preset}`)
  if (cidr.bits < widest || cidr.bits > narrowest) {
    throw new AddressPlanError(`${flag} ${text} has a wrong size: give a range from /${widest} to /${narrowest}`)
  }
  const taken = unusable.find((range) => overlaps(range, cidr))
  if (taken !== undefined) {
    const why = `lies in ${formatCidr(taken)}, which has no ordinary addresses`
    throw new AddressPlanError(`${flag} ${text} ${why}: choose another`)
  }
  return cidr
}

function checkOverlaps(plan: AddressPlan): void {
  for (const [index, first] of rules.entries()) {
    const second = rules.slice(index + 1).find(({ range }) => overlaps(plan[first.range], plan[range]))
    if (second === undefined) continue
    const [a, b] = [first, second].map(({ flag, range }) => `${flag} ${formatCidr(plan[range])}`)
    throw new AddressPlanError(`${a} overlaps ${b}: choose ranges that have no address in common`)
  }
}

function checkNode(plan: AddressPlan, node: number): void {
  const most = maxNodes(plan)
  if (Number.isInteger(node) && node >= 1 && node <= most) return
  const ranges = `--node-cidr ${formatCidr(plan.nodes)} and --pod-cidr ${formatCidr(plan.pods)}`
  throw new AddressPlanError(`there is no room for node-${node}: ${ranges} hold ${most} nodes`)
}

function usedBy(cidr: Cidr, addresses: readonly HeldAddress[], routes: readonly HeldRoute[]): string | undefined {
  const held = addresses.find(({ address }) => {
    const value = parseIPv4(address.split('/')[0] ?? '')
    return value !== undefined && contains(cidr, value)
  })
  if (held !== undefined) return `the address ${held.address} on ${held.device}`
  const route = routes.find(({ destination }) => {
    const range = parseCidr(destination)
    return range !== undefined && !isDefault(range) && overlaps(cidr, range)
  })
  if (route === undefined) return undefined
  return `the route to ${route.destination}${route.device === undefined ? '' : ` through ${route.device}`}`
}

/** VPN clients write the default route as two halves, 0.0.0.0/1 and 128.0.0.0/1. */
function isDefault({ bits }: Cidr): boolean {
  return bits <= 1
}

function known(text: string): Cidr {
  const cidr = parseCidr(text)
  if (cidr === undefined) throw new TypeError(`${text} is no range`)
  return cidr
}
