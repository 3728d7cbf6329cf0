import type { Node } from '../../api/kinds/node.ts'

/** The node of the proxy. */
export interface OwnNode {
  readonly name: string
  /** Where its node ports are. */
  readonly addresses: readonly string[]
  /** Where its pods' addresses are taken from. */
  readonly podRanges: readonly string[]
  readonly zone?: string
}

const zoneLabel = 'topology.kubernetes.io/zone'
/** Types of addresses at which node ports are answered. */
const addressTypes = ['InternalIP', 'ExternalIP']

/** What the Node says, its addresses sorted. Without the Node it has none yet. */
export function ownNode(name: string, node: Node | undefined): OwnNode {
  const zone = node?.metadata.labels?.[zoneLabel]
  const addresses = (node?.status?.addresses ?? []).filter(({ type }) => addressTypes.includes(type))
  const sorted = [...new Set(addresses.map(({ address }) => address))].sort()
  const { podCIDR, podCIDRs = podCIDR === undefined ? [] : [podCIDR] } = node?.spec ?? {}
  return { name, addresses: sorted, podRanges: podCIDRs, ...(zone === undefined ? {} : { zone }) }
}
