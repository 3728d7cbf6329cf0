/** `matchLabelKeys` and `mismatchLabelKeys` of affinity terms and spread constraints (KEP-3633, KEP-3243). */
import type { V1LabelSelector } from '@kubernetes/client-node'
import { forbidden, invalid, type FieldError } from '../../field-error.ts'
import type { Wire } from '../../object.ts'
import type { Unchecked } from '../../unchecked.ts'
import { validateQualifiedName } from '../values.ts'
import type { PodSpec } from './types.ts'

type Labels = Readonly<Record<string, string>>

/** Something that selects pods, also by their having the same labels as the pod itself. */
interface Keyed {
  labelSelector?: Unchecked<Wire<V1LabelSelector>> | undefined
  matchLabelKeys?: readonly string[] | undefined
  mismatchLabelKeys?: readonly string[] | undefined
}

const hard = 'requiredDuringSchedulingIgnoredDuringExecution'
const soft = 'preferredDuringSchedulingIgnoredDuringExecution'

/**
 * Writes out, for a new pod, what the keys stand for: its own values become requirements of the selectors, so that nobody
 * who reads them has to know the keys. Mutates.
 */
export function mergeLabelKeys({ affinity, topologySpreadConstraints = [] }: PodSpec, labels: Labels): void {
  const { podAffinity, podAntiAffinity } = affinity ?? {}
  const terms = [podAffinity, podAntiAffinity].flatMap((each) => [
    ...(each?.[soft] ?? []).flatMap(({ podAffinityTerm }) => podAffinityTerm ?? []),
    ...(each?.[hard] ?? []),
  ])
  for (const keyed of [...terms, ...topologySpreadConstraints]) merge(keyed, labels)
}

/** Looks at a selector into which the keys have been merged already, if it is that of a pod. */
export function validateLabelKeys(keyed: Keyed, path: string): FieldError[] {
  const { matchLabelKeys = [], mismatchLabelKeys = [] } = keyed
  const mismatched = new Set(mismatchLabelKeys)
  const twice = 'exists in both matchLabelKeys and mismatchLabelKeys'
  return [
    ...validateKeys(matchLabelKeys, keyed, `${path}.matchLabelKeys`),
    ...validateKeys(mismatchLabelKeys, keyed, `${path}.mismatchLabelKeys`),
    ...validateNotSelected(keyed, path),
    ...matchLabelKeys.flatMap((key, index) =>
      mismatched.has(key) ? [invalid(`${path}.matchLabelKeys[${index}]`, key, twice)] : [],
    ),
  ]
}

function merge({ labelSelector, ...keys }: Keyed, labels: Labels): void {
  // Without a selector nothing is selected, whatever the keys.
  if (labelSelector === undefined) return
  const { matchLabelKeys = [], mismatchLabelKeys = [] } = keys
  const requirements = [
    ...requirementsFor(matchLabelKeys, 'In', labels),
    ...requirementsFor(mismatchLabelKeys, 'NotIn', labels),
  ]
  if (requirements.length === 0) return
  labelSelector.matchExpressions = [...(labelSelector.matchExpressions ?? []), ...requirements]
}

function requirementsFor(keys: readonly string[], operator: 'In' | 'NotIn', labels: Labels) {
  return keys.flatMap((key) => {
    const value = labels[key]
    return value === undefined ? [] : [{ key, operator, values: [value] }]
  })
}

function validateKeys(keys: readonly string[], { labelSelector }: Keyed, path: string): FieldError[] {
  if (keys.length === 0) return []
  if (labelSelector === undefined) return [forbidden(path, 'must not be specified when labelSelector is not set')]
  return keys.flatMap((key, index) => validateQualifiedName(key, `${path}[${index}]`))
}

/** A key may be in the selector once, which is where it has been merged to. The path is upstream's. */
function validateNotSelected({ labelSelector, matchLabelKeys = [] }: Keyed, path: string): FieldError[] {
  const selected = new Set(Object.keys(labelSelector?.matchLabels ?? {}))
  return (labelSelector?.matchExpressions ?? []).flatMap(({ key = '' }) => {
    const index = matchLabelKeys.indexOf(key)
    const isRepeated = index >= 0 && selected.has(key)
    selected.add(key)
    return isRepeated ? [invalid(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector')] : []
  })
}
