import { isTolerated } from '../../tolerations.ts'
import type { Filter } from '../filter.ts'

/** `kubectl cordon`. */
export const nodeUnschedulable: Filter = {
  name: 'NodeUnschedulable',
  reasons(pod, { node }) {
    if (node.spec?.unschedulable !== true) return []
    const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }
    return isTolerated(taint, pod.spec.tolerations) ? [] : ['node(s) were unschedulable']
  },
}
