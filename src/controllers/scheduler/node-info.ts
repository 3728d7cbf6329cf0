import type { Node } from '../../api/kinds/node.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import { allocatableOf, requestsOf, sum, type Resources } from './resources.ts'

/** A node with what runs on it or has been promised to it: what filters and scores look at. */
export interface NodeInfo {
  readonly node: Node
  readonly pods: readonly Pod[]
  readonly allocatable: Resources
  readonly requested: Resources
}

/** `nodeOf` tells where a pod is or will be. Pods that have ended must not be among `pods`. */
export function nodeInfos(
  nodes: readonly Node[],
  pods: readonly Pod[],
  nodeOf: (pod: Pod) => string | undefined,
): readonly NodeInfo[] {
  const byNode = Map.groupBy(pods, (pod) => nodeOf(pod) ?? '')
  return nodes.map((node) => {
    const here = byNode.get(node.metadata.name) ?? []
    return { node, pods: here, allocatable: allocatableOf(node), requested: sum(here.map(requestsOf)) }
  })
}
