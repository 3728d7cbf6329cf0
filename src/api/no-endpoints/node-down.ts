import type { Pod } from '../kinds/pod.ts'
import type { Rule, Situation } from './reason.ts'
import { candidates } from './backing-pods.ts'
import { listed, podNames } from './wording.ts'

/** The pods are on nodes that are not ready, and nobody knows how they are. */
export const nodeDown: Rule = (situation) => {
  const bound = candidates(situation.selected).filter(({ spec }) => spec.nodeName !== undefined)
  const lost = bound.filter((pod) => isOnLostNode(pod, situation))
  if (lost.length === 0 || lost.length < bound.length) return undefined
  const nodes = [...new Set(lost.map(({ spec }) => spec.nodeName ?? ''))].sort()
  const verb = nodes.length === 1 ? 'is' : 'are'
  const message = `All selected pods with a node are on nodes that are not ready: ${listed(nodes)} ${verb} not ready (${podNames(lost)})`
  return { reason: 'NodesNotReady', message }
}

function isOnLostNode({ spec }: Pod, { node }: Situation): boolean {
  const ready = node(spec.nodeName ?? '')?.status?.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status !== 'True'
}
