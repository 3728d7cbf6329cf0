import { formatCidr, parseCidr, parseIPv4 } from '../../base/ip.ts'
import type { Node } from '../../api/kinds/node.ts'

/** One pod range and the node behind which it is. */
export interface NodeRoute {
  readonly podCIDR: string
  readonly via: string
}

/**
 * A route to each Node's pods through its InternalIP, sorted by range. Left out are the own node, whose pods are on
 * links of their own, and Nodes that have no IPv4 range or address yet. Where two Nodes claim one range, the one
 * whose name sorts first has it. Pure; equal inputs give equal outputs in whatever order the Nodes come.
 */
export function compileRoutes(nodes: readonly Node[], ownNode: string | undefined): readonly NodeRoute[] {
  const routes = new Map<string, NodeRoute>()
  for (const node of [...nodes].sort(byName)) {
    const route = node.metadata.name === ownNode ? undefined : routeTo(node)
    if (route !== undefined && !routes.has(route.podCIDR)) routes.set(route.podCIDR, route)
  }
  return [...routes.values()].sort((a, b) => compare(a.podCIDR, b.podCIDR))
}

/** Lines for `ip -batch` that lead from the held routes to the wanted ones. */
export function diffRoutes(
  held: readonly NodeRoute[],
  wanted: readonly NodeRoute[],
  protocol: number,
): readonly string[] {
  const heldVia = new Map(held.map(({ podCIDR, via }) => [podCIDR, via]))
  const wantedRanges = new Set(wanted.map(({ podCIDR }) => podCIDR))
  return [
    ...held
      .filter(({ podCIDR }) => !wantedRanges.has(podCIDR))
      .map(({ podCIDR }) => `route delete ${podCIDR} protocol ${protocol}`),
    ...wanted
      .filter(({ podCIDR, via }) => heldVia.get(podCIDR) !== via)
      .map(({ podCIDR, via }) => `route replace ${podCIDR} via ${via} protocol ${protocol}`),
  ]
}

function routeTo({ spec, status }: Node): NodeRoute | undefined {
  const range = parseCidr(spec.podCIDR ?? '')
  const via = status?.addresses?.find(({ type, address }) => type === 'InternalIP' && parseIPv4(address) !== undefined)
  return range === undefined || via === undefined ? undefined : { podCIDR: formatCidr(range), via: via.address }
}

function byName(a: Node, b: Node): number {
  return compare(a.metadata.name, b.metadata.name)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
