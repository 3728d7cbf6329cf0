import type { DaemonSet } from '../../api/kinds/daemon-set.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import { conditionOf } from '../conditions.ts'
import { nodeAffinity } from '../scheduler/filters/node-affinity.ts'
import { taintToleration } from '../scheduler/filters/taint-toleration.ts'
import { nodeInfos } from '../scheduler/node-info.ts'
import { isTolerated } from '../tolerations.ts'
import { daemonPodSpec } from './daemon-pod.ts'

/** `wanted`: a daemon pod belongs there; `kept`: none is started, but one that is there stays; `none`: it goes. */
export type Suitability = 'wanted' | 'kept' | 'none'

/** What is to be on each node, by its name. Pure. What the node has room for is the scheduler's business. */
export function suitableNodes(set: DaemonSet, nodes: readonly Node[]): ReadonlyMap<string, Suitability> {
  const pod: Pod = { apiVersion: 'v1', kind: 'Pod', metadata: set.metadata, spec: daemonPodSpec(set) }
  const infos = nodeInfos(nodes, [], () => undefined)
  return new Map(infos.map((info) => [info.node.metadata.name, suitabilityOf(pod, info)]))
}

/** All of a node that decides whether daemon pods belong on it; heartbeats are not in it. */
export function suitabilityText(node: Node | undefined): string {
  if (node === undefined) return ''
  const { metadata, spec, status } = node
  return JSON.stringify([metadata.labels, spec?.taints, conditionOf(status?.conditions, 'Ready')?.status])
}

function suitabilityOf(pod: Pod, info: ReturnType<typeof nodeInfos>[number]): Suitability {
  const { node } = info
  const { nodeName = '', tolerations } = pod.spec
  if (nodeName !== '' && nodeName !== node.metadata.name) return 'none'
  if (nodeAffinity.reasons(pod, info).length > 0) return 'none'
  if (taintToleration.reasons(pod, info).length === 0) return 'wanted'
  const evicting = (node.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute')
  return evicting.every((taint) => isTolerated(taint, tolerations)) ? 'kept' : 'none'
}
