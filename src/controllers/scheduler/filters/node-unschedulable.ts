import { isTolerated } from '../../tolerations.ts'
import type { Filter } from '../filter.ts'

const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

/** `kubectl cordon`. */
export const nodeUnschedulable: Filter = {
  name: 'NodeUnschedulable',
  prepare({ pod }) {
    if (isTolerated(taint, pod.spec.tolerations)) return undefined
    return ({ node }) =>
      node.spec?.unschedulable === true ? { reasons: ['node(s) were unschedulable'], dueToPods: false } : undefined
  },
}
