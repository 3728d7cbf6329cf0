import type { Node } from '../../api/kinds/node.ts'
import type { NodeLoad } from './node-load.ts'
import { allocatableOf, type Resources } from './resources.ts'

/** A node with what runs on it or has been promised to it: what filters and scores look at. */
export interface NodeInfo {
  readonly name: string
  readonly node: Node
  readonly allocatable: Resources
  readonly load: NodeLoad
}

export function nodeInfo(node: Node, load: NodeLoad): NodeInfo {
  return { name: node.metadata.name, node, allocatable: allocatableOf(node), load }
}

/** The value of a label of the node, which puts it into a domain of a topology; undefined if it is in none. */
export function domainOf({ node }: NodeInfo, topologyKey: string): string | undefined {
  return node.metadata.labels?.[topologyKey]
}
