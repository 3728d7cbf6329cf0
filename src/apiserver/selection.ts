import { checkFieldSelector, parseFieldSelector } from '../api/field-selectors.ts'
import type { KubeObject } from '../api/object.ts'
import { parseLabelSelector } from '../api/selectors.ts'
import type { ServedForm } from './kind-registry.ts'

/** Whether an object is one that a list or watch asked for. */
export type Selection = (object: KubeObject) => boolean

/**
 * From `?labelSelector=` and `?fieldSelector=`, whose fields have the names of the form. Throws a 400 for selectors that
 * do not parse and for fields that one cannot select by.
 */
export function selectionOf(form: ServedForm, query: URLSearchParams): Selection {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '')
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '')
  const names = fieldNamesOf(form)
  checkFieldSelector(fields, Object.keys(names))
  if (fields.requirements.length === 0) return ({ metadata }) => labels.matches(metadata.labels)
  return (object) => labels.matches(object.metadata.labels) && fields.matches(selectableFields(form, names, object))
}

type FieldNames = Readonly<Record<string, string>>

/** What one can select by, and the kind's own names of it. */
function fieldNamesOf({ kind, view }: ServedForm): FieldNames {
  const own = kind.selectableFieldNames ?? []
  const special = view?.fieldNames ?? Object.fromEntries(own.map((name) => [name, name]))
  return { 'metadata.name': 'metadata.name', 'metadata.namespace': 'metadata.namespace', ...special }
}

function selectableFields({ kind }: ServedForm, names: FieldNames, object: KubeObject): Readonly<Record<string, string>> {
  const { name, namespace = '' } = object.metadata
  const known = { 'metadata.name': name, 'metadata.namespace': namespace, ...kind.selectableFields?.(object) }
  return Object.fromEntries(Object.entries(names).map(([served, stored]) => [served, known[stored as keyof typeof known] ?? '']))
}
