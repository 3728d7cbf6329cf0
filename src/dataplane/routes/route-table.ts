import { formatCidr, parseCidr, parseIPv4 } from '../../base/ip.ts'
import type { Node } from '../../api/kinds/node.ts'

/** One pod range and the node behind which it is. */
export interface NodeRoute {
  readonly podCIDR: string
  /** Absent for the own node's range: what none of its pods has is unreachable. */
  readonly via?: string
}

/**
 * A route to each Node's pods through its InternalIP, sorted by range. The own node's pods have routes of their own;
 * what else is in its range is unreachable, or packets to it would go back to where they came from, and round until
 * their TTL is over. Left out are Nodes that have no IPv4 range or, but for the own, no address yet. Where two Nodes
 * claim one range, the one whose name sorts first has it. Pure; equal inputs give equal outputs in whatever order the
 * Nodes come.
 */
export function compileRoutes(nodes: readonly Node[], ownNode: string | undefined): readonly NodeRoute[] {
  const routes = new Map<string, NodeRoute>()
  for (const node of [...nodes].sort(byName)) {
    const route = routeTo(node, node.metadata.name === ownNode)
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
  const [heldVia, wantedPlaces] = [new Map(held.map((route) => [placeOf(route), route.via])), new Set(wanted.map(placeOf))]
  const isHeld = (route: NodeRoute) => heldVia.has(placeOf(route)) && heldVia.get(placeOf(route)) === route.via
  return [
    ...held.filter((route) => !wantedPlaces.has(placeOf(route))).map((route) => `route delete ${placeOf(route)} protocol ${protocol}`),
    ...wanted
      .filter((route) => !isHeld(route))
      .map((route) => `route replace ${placeOf(route)}${route.via === undefined ? '' : ` via ${route.via}`} protocol ${protocol}`),
  ]
}

/** A route that leads somewhere goes before one that says that nobody is there, whoever has added it. */
const lastMetric = 0xff00_0000

/** By which the kernel knows a route: one takes the place of another only if these are equal. */
function placeOf({ podCIDR, via }: NodeRoute): string {
  return via === undefined ? `unreachable ${podCIDR} metric ${lastMetric}` : podCIDR
}

function routeTo({ spec, status }: Node, isOwn: boolean): NodeRoute | undefined {
  const range = parseCidr(spec.podCIDR ?? '')
  if (range === undefined) return undefined
  const podCIDR = formatCidr(range)
  if (isOwn) return { podCIDR }
  const via = status?.addresses?.find(({ type, address }) => type === 'InternalIP' && parseIPv4(address) !== undefined)
  return via === undefined ? undefined : { podCIDR, via: via.address }
}

function byName(a: Node, b: Node): number {
  return compare(a.metadata.name, b.metadata.name)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
