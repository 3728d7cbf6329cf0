import type { V1FieldSelectorAttributes, V1SubjectAccessReviewSpec } from '@kubernetes/client-node'
import { type FieldSelector, parseFieldSelector } from '../../api/field-selectors.ts'
import type { Wire } from '../../api/object.ts'
import type { User } from '../request.ts'
import type { Attributes } from './attributes.ts'

/** What a review asks about. Throws a 400 for a field selector that does not parse. */
export function reviewedAttributes(
  { resourceAttributes, nonResourceAttributes }: Wire<V1SubjectAccessReviewSpec>,
  user: User,
): Attributes {
  if (resourceAttributes === undefined) {
    const { verb = '', path = '' } = nonResourceAttributes ?? {}
    return { user, verb, path }
  }
  const { verb = '', group = '', resource = '', subresource = '', namespace = '', name = '' } = resourceAttributes
  const fieldSelector = selectorOf(resourceAttributes.fieldSelector)
  return {
    user,
    verb,
    group,
    resource,
    subresource,
    namespace,
    name,
    ...(fieldSelector !== undefined && { fieldSelector }),
  }
}

/** A selector as text, or as requirements of which those for one value can be told in a text. */
function selectorOf(selector: Wire<V1FieldSelectorAttributes> | undefined): FieldSelector | undefined {
  if (selector === undefined) return undefined
  const { rawSelector = '', requirements = [] } = selector
  if (rawSelector !== '') return parseFieldSelector(rawSelector)
  const terms = requirements.flatMap(({ key, operator, values = [] }) => {
    const [value] = values
    if (values.length !== 1 || value === undefined || (operator !== 'In' && operator !== 'NotIn')) return []
    return [`${key}${operator === 'In' ? '=' : '!='}${value.replaceAll(/[\\,=]/g, '\\$&')}`]
  })
  return parseFieldSelector(terms.join(','))
}
