import type { Pod } from '../../api/kinds/pod.ts'
import type { Labels } from '../../api/selectors.ts'
import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'

/** The cluster as one decision sees it. */
export interface ClusterView {
  readonly nodes: ReadonlyMap<string, NodeInfo>
  /** Of a namespace, by its name. */
  namespaceLabels(namespace: string): Labels
  /** The selectors of the Services that a pod is behind. */
  serviceSelectors(pod: Pod): readonly Labels[]
  /** Pods that have been promised a node once others have left it. */
  promisedPods(nodeName: string): readonly PodInfo[]
  /** The node that a pod has been promised. */
  promisedNode(pod: Pod): string | undefined
}

/** The same cluster with another state of one node. */
export function withNode(view: ClusterView, node: NodeInfo): ClusterView {
  const nodes = new Map(view.nodes).set(node.name, node)
  return {
    nodes,
    namespaceLabels: (namespace) => view.namespaceLabels(namespace),
    serviceSelectors: (pod) => view.serviceSelectors(pod),
    promisedPods: (nodeName) => view.promisedPods(nodeName),
    promisedNode: (pod) => view.promisedNode(pod),
  }
}
