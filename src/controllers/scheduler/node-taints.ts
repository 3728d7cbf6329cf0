import type { Node } from '../../api/kinds/node.ts'
import { conditionOf } from '../conditions.ts'
import type { Taint } from '../tolerations.ts'

const notReady: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }

/**
 * The taints that keep pods away. A node that is not ready counts as tainted for it even before the node-lifecycle
 * controller has written the taint.
 */
export function bindingTaints({ spec, status }: Node): readonly Taint[] {
  const binding = (spec?.taints ?? []).filter(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute')
  const ready = conditionOf(status?.conditions, 'Ready')?.status === 'True'
  return ready || binding.some(({ key }) => key === notReady.key) ? binding : [...binding, notReady]
}
