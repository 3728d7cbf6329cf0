import { isTolerated } from '../../tolerations.ts'
import type { Filter } from '../filter.ts'
import { bindingTaints } from '../node-taints.ts'

/** Taints with NoSchedule or NoExecute keep pods away that do not tolerate them. */
export const taintToleration: Filter = {
  name: 'TaintToleration',
  prepare:
    ({ pod }) =>
    ({ node }) => {
      const isKeptAway = bindingTaints(node).some((taint) => !isTolerated(taint, pod.spec.tolerations))
      return isKeptAway ? { reasons: ['node(s) had untolerated taint(s)'], dueToPods: false } : undefined
    },
}
