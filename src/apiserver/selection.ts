import { badRequest } from '../api/errors.ts'
import type { Kind } from '../api/kind.ts'
import type { KubeObject } from '../api/object.ts'
import { parseFieldSelector } from '../api/field-selectors.ts'
import { parseLabelSelector } from '../api/selectors.ts'

/** Whether an object is one that a list or watch asked for. */
export type Selection = (object: KubeObject) => boolean

/** From `?labelSelector=` and `?fieldSelector=`. Throws a 400 for selectors that do not parse or fields that cannot be selected by. */
export function selectionOf(kind: Kind, query: URLSearchParams): Selection {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '')
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '')
  if (fields.requirements.length === 0) return (object) => labels.matches(object.metadata.labels ?? {})
  return (object) =>
    labels.matches(object.metadata.labels ?? {}) && fields.matches(selectableFields(kind, object, fields.requirements))
}

function selectableFields(
  kind: Kind,
  object: KubeObject,
  requirements: readonly { readonly field: string }[],
): Readonly<Record<string, string>> {
  const values: Readonly<Record<string, string>> = {
    'metadata.name': object.metadata.name,
    ...(kind.resource.namespaced && { 'metadata.namespace': object.metadata.namespace ?? '' }),
    ...kind.selectableFields?.(object),
  }
  const unknown = requirements.find(({ field }) => !(field in values))
  if (unknown !== undefined) throw badRequest(`field label not supported: ${unknown.field}`)
  return values
}
