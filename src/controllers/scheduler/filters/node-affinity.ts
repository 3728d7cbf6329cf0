import type { Node } from '../../../api/kinds/node.ts'
import type { PodSpec } from '../../../api/kinds/pod.ts'
import type { Filter } from '../filter.ts'

type Required = NonNullable<
  NonNullable<NonNullable<PodSpec['affinity']>['nodeAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>
type Term = Required['nodeSelectorTerms'][number]
type Requirement = NonNullable<Term['matchExpressions']>[number]

/** `nodeSelector` and the required node affinity, both. */
export const nodeAffinity: Filter = {
  name: 'NodeAffinity',
  reasons({ spec }, { node }) {
    const labels = node.metadata.labels ?? {}
    const selected = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)
    const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    const matched = required === undefined || required.nodeSelectorTerms.some((term) => matches(term, node))
    return selected && matched ? [] : ["node(s) didn't match Pod's node affinity/selector"]
  },
}

/** Requirements of a term must all hold; an empty term matches nothing. */
function matches({ matchExpressions = [], matchFields = [] }: Term, { metadata }: Node): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false
  const fields = { 'metadata.name': metadata.name }
  return (
    matchExpressions.every((requirement) => holds(requirement, metadata.labels ?? {})) &&
    matchFields.every((requirement) => holds(requirement, fields))
  )
}

function holds({ key, operator, values = [] }: Requirement, of: Readonly<Record<string, string>>): boolean {
  const value = of[key]
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0])
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0])
    default:
      // Validation knows no other; one that is newer than this code must not let a pod in by mistake.
      return false
  }
}
