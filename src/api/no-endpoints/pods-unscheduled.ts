import type { Rule } from './reason.ts'
import { candidates, podCondition } from './backing-pods.ts'
import { count, oneLine } from './wording.ts'

/** No selected pod has a node. */
export const podsUnscheduled: Rule = ({ selected }) => {
  const pods = candidates(selected)
  const [first] = pods
  if (first === undefined || pods.some(({ spec }) => spec.nodeName !== undefined)) return undefined
  const { message = '' } = podCondition(first, 'PodScheduled') ?? {}
  const why = message === '' ? 'the scheduler has not said why' : oneLine(message)
  const who = `${count(pods.length, 'selected pod')} ${pods.length === 1 ? 'has' : 'have'} no node`
  return { reason: 'PodsUnscheduled', message: `${who}. Pod ${first.metadata.name}: ${why}` }
}
