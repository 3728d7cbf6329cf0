import type { KubeObject } from '../api/object.ts'
import { nothing, selectorFromObject, type LabelSelector, type LabelSelectorObject } from '../api/selectors.ts'

interface Selecting extends KubeObject {
  readonly spec: { readonly selector?: LabelSelectorObject }
}

/**
 * What the selector of a Deployment, ReplicaSet and their like chooses. The server refuses an empty one; should there
 * be one all the same, it must not take over everything in its namespace. Throws 400 for an unknown operator.
 */
export function selectorOf({ spec: { selector = {} } }: Selecting): LabelSelector {
  const { matchLabels = {}, matchExpressions = [] } = selector
  const isEmpty = Object.keys(matchLabels).length + matchExpressions.length === 0
  return isEmpty ? nothing : selectorFromObject(selector)
}
