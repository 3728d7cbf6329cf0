import type { V1LabelSelector } from '@kubernetes/client-node'
import { invalid, required, type FieldError } from '../../field-error.ts'
import type { Wire } from '../../object.ts'
import { nothing, selectorFromObject, type LabelSelector } from '../../selectors.ts'
import type { Unchecked } from '../../unchecked.ts'
import { validateLabelSelector } from '../pod-spec/scheduling.ts'

export type SelectorObject = Unchecked<Wire<V1LabelSelector>>

/** The selector of a workload: there must be one, and it must select by something. `workload` is the word for it. */
export function validateSelector(selector: SelectorObject | undefined, workload: string): FieldError[] {
  return selector === undefined ? [required('spec.selector')] : validateGivenSelector(selector, workload)
}

/** The same where it is the labels of the template that a missing selector is refused for. */
export function validateGivenSelector(selector: SelectorObject, workload: string): FieldError[] {
  const { matchLabels = {}, matchExpressions = [] } = selector
  const isEmpty = Object.keys(matchLabels).length + matchExpressions.length === 0
  const problem = `empty selector is invalid for ${workload}`
  return [
    ...validateLabelSelector(selector, 'spec.selector'),
    ...(isEmpty ? [invalid('spec.selector', selector, problem)] : []),
  ]
}

/** What the selector chooses, where no selector chooses nothing; undefined if it has problems. */
export function compiledSelector(selector: SelectorObject | undefined): LabelSelector | undefined {
  if (selector === undefined) return nothing
  if (validateLabelSelector(selector, '').length > 0) return undefined
  const { matchLabels = {}, matchExpressions = [] } = selector
  return selectorFromObject({
    matchLabels,
    matchExpressions: matchExpressions.map(({ key = '', operator = '', values = [] }) => ({ key, operator, values })),
  })
}

/** As in `kubectl get -o wide` and in `/scale`: `app=kubia,tier in (a,b)`. Empty if it has problems. */
export function selectorText(selector: SelectorObject | undefined): string {
  return compiledSelector(selector)?.toString() ?? ''
}
