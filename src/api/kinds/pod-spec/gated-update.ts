/** How what a gated pod asks of its node may be narrowed (KEP-3838). */
import { semanticallyEqual } from '../../equality.ts'
import { invalid, type FieldError } from '../../field-error.ts'
import type { PodSpec } from './types.ts'

type NodeAffinity = NonNullable<NonNullable<PodSpec['affinity']>['nodeAffinity']>
type Term = NonNullable<
  NonNullable<NodeAffinity['requiredDuringSchedulingIgnoredDuringExecution']>['nodeSelectorTerms']
>[number]

const hard = 'requiredDuringSchedulingIgnoredDuringExecution'

/** For a pod that was gated until now; of others these fields must not change at all. */
export function validateNarrowing(next: PodSpec, previous: PodSpec): FieldError[] {
  return [
    ...validateNodeSelector(next.nodeSelector ?? {}, previous.nodeSelector ?? {}),
    ...validateNodeAffinity(next.affinity?.nodeAffinity, previous.affinity?.nodeAffinity),
  ]
}

/** `next` with the previous values of what may be narrowed. */
export function withoutNarrowing(next: PodSpec, { nodeSelector, affinity }: PodSpec): PodSpec {
  const { nodeAffinity: _, ...others } = next.affinity ?? {}
  const nodes = affinity?.nodeAffinity === undefined ? {} : { nodeAffinity: affinity.nodeAffinity }
  return { ...next, nodeSelector, affinity: { ...others, ...nodes } }
}

function validateNodeSelector(next: Readonly<Record<string, string>>, previous: Readonly<Record<string, string>>) {
  if (Object.entries(previous).every(([key, value]) => next[key] === value)) return []
  const why = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)'
  return [invalid('spec.nodeSelector', next, why)]
}

/** Each term may be given more requirements; terms cannot be added, since meeting one of them suffices. */
function validateNodeAffinity(next: NodeAffinity | undefined, previous: NodeAffinity | undefined): FieldError[] {
  const before = previous?.[hard]?.nodeSelectorTerms ?? []
  const after = next?.[hard]?.nodeSelectorTerms ?? []
  const path = `spec.affinity.nodeAffinity.${hard}.nodeSelectorTerms`
  if (before.length > 0 && before.length !== after.length) {
    return [invalid(path, after, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed')]
  }
  return before.flatMap((term, index) =>
    isNarrowed(after[index] ?? {}, term)
      ? []
      : [invalid(`${path}[${index}]`, after[index], 'only additions are allowed (no mutations or deletions)')],
  )
}

function isNarrowed(next: Term, previous: Term): boolean {
  const { matchExpressions = [], matchFields = [] } = previous
  const [expressions, fields] = [next.matchExpressions ?? [], next.matchFields ?? []]
  // An empty term matches nothing; whatever it is given widens it.
  if (matchExpressions.length === 0 && matchFields.length === 0) return expressions.length === 0 && fields.length === 0
  return (
    semanticallyEqual(expressions.slice(0, matchExpressions.length), matchExpressions) &&
    semanticallyEqual(fields.slice(0, matchFields.length), matchFields)
  )
}
