import type { DaemonSet } from '../../api/kinds/daemon-set.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { PodSpec } from '../../api/kinds/pod.ts'
import { conditionOf } from '../conditions.ts'
import { isWanted } from '../scheduler/node-selection.ts'
import { bindingTaints } from '../scheduler/node-taints.ts'
import { isTolerated } from '../tolerations.ts'
import { daemonPodSpec } from './daemon-pod.ts'

/** `wanted`: a daemon pod belongs there; `kept`: none is started, but one that is there stays; `none`: it goes. */
export type Suitability = 'wanted' | 'kept' | 'none'

/** What is to be on each node, by its name. Pure. What the node has room for is the scheduler's business. */
export function suitableNodes(set: DaemonSet, nodes: readonly Node[]): ReadonlyMap<string, Suitability> {
  const spec = daemonPodSpec(set)
  return new Map(nodes.map((node) => [node.metadata.name, suitabilityOf(spec, node)]))
}

/** All of a node that decides whether daemon pods belong on it; heartbeats are not in it. */
export function suitabilityText(node: Node | undefined): string {
  if (node === undefined) return ''
  const { metadata, spec, status } = node
  return JSON.stringify([metadata.labels, spec?.taints, conditionOf(status?.conditions, 'Ready')?.status])
}

function suitabilityOf(spec: PodSpec, node: Node): Suitability {
  const { nodeName = '', tolerations } = spec
  if (nodeName !== '' && nodeName !== node.metadata.name) return 'none'
  if (!isWanted(spec, node)) return 'none'
  if (bindingTaints(node).every((taint) => isTolerated(taint, tolerations))) return 'wanted'
  const evicting = (node.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute')
  return evicting.every((taint) => isTolerated(taint, tolerations)) ? 'kept' : 'none'
}
