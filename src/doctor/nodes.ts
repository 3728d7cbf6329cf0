import type { Node } from '../api/kinds/node.ts'
import type { ClusterFacts, Surroundings } from './facts.ts'

export function isReadyNode(node: Node): boolean {
  return readyCondition(node)?.status === 'True'
}

export function readyCondition({ status }: Node) {
  return status?.conditions?.find(({ type }) => type === 'Ready')
}

/** Nodes that traffic can be expected of. */
export function nodesAtWork({ nodes, surroundings }: Pick<ClusterFacts, 'nodes' | 'surroundings'>): readonly Node[] {
  return nodes.filter((node) => isReadyNode(node) && !isOff(node, surroundings))
}

export function isOff({ metadata }: Node, { nodes }: Surroundings): boolean {
  return nodes.some(({ name, isOff: off }) => off && name === metadata.name)
}

/** Names of nodes into which nobody looks from here: machines that have joined. */
export function farNodes({ nodes, surroundings }: Pick<ClusterFacts, 'nodes' | 'surroundings'>): readonly string[] {
  return nodes.map(({ metadata }) => metadata.name).filter((name) => surroundings.nodes.every((near) => near.name !== name))
}
