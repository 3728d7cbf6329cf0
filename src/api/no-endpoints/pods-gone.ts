import type { Rule } from './reason.ts'
import { candidates, hasEnded, isLeaving } from './backing-pods.ts'
import { count, podNames } from './wording.ts'

/** All selected pods have ended, or are being deleted. */
export const podsGone: Rule = ({ selected }) => {
  if (selected.length === 0 || candidates(selected).length > 0) return undefined
  const leaving = selected.filter((pod) => isLeaving(pod) && !hasEnded(pod))
  if (leaving.length > 0) {
    return { reason: 'PodsTerminating', message: `All selected pods are being deleted: ${podNames(leaving)}` }
  }
  const phases = [...new Set(selected.map(({ status }) => status?.phase))].join(' or ')
  const message = `The selector matches ${count(selected.length, 'pod')} that will not run again (${phases}): ${podNames(selected)}`
  return { reason: 'PodsCompleted', message }
}
