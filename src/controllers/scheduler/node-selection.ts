import type { Node } from '../../api/kinds/node.ts'
import type { PodSpec } from '../../api/kinds/pod.ts'
import { matchesRequirement, type LabelOperator, type Labels } from '../../api/selectors.ts'

type NodeAffinity = NonNullable<NonNullable<PodSpec['affinity']>['nodeAffinity']>
export type NodeTerm = NonNullable<
  NodeAffinity['requiredDuringSchedulingIgnoredDuringExecution']
>['nodeSelectorTerms'][number]
type Requirement = NonNullable<NodeTerm['matchExpressions']>[number]

const operators = new Map<string, LabelOperator>([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
  ['Gt', 'gt'],
  ['Lt', 'lt'],
])

/** The terms of which a node must meet one; undefined if the pod has no required node affinity. */
export function requiredTerms({ affinity }: PodSpec): readonly NodeTerm[] | undefined {
  return affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
}

/** Whether a node is one that the pod wants: by `nodeSelector` and the required node affinity, both. */
export function isWanted(spec: PodSpec, node: Node): boolean {
  const { labels = {} } = node.metadata
  const selected = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)
  return selected && (requiredTerms(spec)?.some((term) => matchesTerm(term, node)) ?? true)
}

/** Requirements of a term must all hold; an empty term matches nothing. */
export function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeTerm, { metadata }: Node): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false
  const fields = { 'metadata.name': metadata.name }
  return (
    matchExpressions.every((requirement) => holds(requirement, metadata.labels ?? {})) &&
    matchFields.every((requirement) => holds(requirement, fields))
  )
}

function holds({ key, operator, values = [] }: Requirement, of: Labels): boolean {
  const known = operators.get(operator)
  // Validation knows no other; one that is newer than this code must not let a pod in by mistake.
  return known !== undefined && matchesRequirement({ key, operator: known, values }, of)
}
