import type { Kind } from '../api/kind.ts'
import type { KubeObject } from '../api/object.ts'
import { checkFieldSelector, parseFieldSelector } from '../api/field-selectors.ts'
import { parseLabelSelector } from '../api/selectors.ts'

/** Whether an object is one that a list or watch asked for. */
export type Selection = (object: KubeObject) => boolean

/**
 * From `?labelSelector=` and `?fieldSelector=`. Throws a 400 for selectors that do not parse and for fields that one
 * cannot select by.
 */
export function selectionOf(kind: Kind, query: URLSearchParams): Selection {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '')
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '')
  checkFieldSelector(fields, ['metadata.name', 'metadata.namespace', ...(kind.selectableFieldNames ?? [])])
  if (fields.requirements.length === 0) return ({ metadata }) => labels.matches(metadata.labels)
  return (object) => labels.matches(object.metadata.labels) && fields.matches(selectableFields(kind, object))
}

function selectableFields(kind: Kind, object: KubeObject): Readonly<Record<string, string>> {
  const { name, namespace = '' } = object.metadata
  return { 'metadata.name': name, 'metadata.namespace': namespace, ...kind.selectableFields?.(object) }
}
