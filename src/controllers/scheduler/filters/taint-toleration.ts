import type { Node } from '../../../api/kinds/node.ts'
import { conditionOf } from '../../conditions.ts'
import { isTolerated, type Taint } from '../../tolerations.ts'
import type { Filter } from '../filter.ts'

const notReady: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }

/**
 * Taints with NoSchedule or NoExecute keep pods away that do not tolerate them. A node that is not ready counts as
 * tainted for it even before the node-lifecycle controller has written the taint.
 */
export const taintToleration: Filter = {
  name: 'TaintToleration',
  reasons(pod, { node }) {
    const untolerated = taintsOf(node).some((taint) => !isTolerated(taint, pod.spec.tolerations))
    return untolerated ? ['node(s) had untolerated taint(s)'] : []
  },
}

function taintsOf({ spec, status }: Node): readonly Taint[] {
  const binding = (spec?.taints ?? []).filter(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute')
  const ready = conditionOf(status?.conditions, 'Ready')?.status === 'True'
  return ready || binding.some(({ key }) => key === notReady.key) ? binding : [...binding, notReady]
}
