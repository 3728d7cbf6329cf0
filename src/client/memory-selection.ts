import { parseFieldSelector } from '../api/field-selectors.ts'
import type { KubeObject } from '../api/object.ts'
import { parseLabelSelector } from '../api/selectors.ts'

export interface Selection {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

/** Whether an object is selected. Fields are any dotted path, where the server knows a few of each kind. Throws 400. */
export function memorySelection(selection: Selection): (object: KubeObject) => boolean {
  const { namespace, labelSelector, fieldSelector } = selection
  const labels = parseLabelSelector(labelSelector ?? '')
  const fields = parseFieldSelector(fieldSelector ?? '')
  const fieldsOf = (object: KubeObject) =>
    Object.fromEntries(fields.requirements.map(({ field }) => [field, fieldOf(object, field)]))
  return (object) =>
    (namespace === undefined || namespace === '' || object.metadata.namespace === namespace) &&
    labels.matches(object.metadata.labels) &&
    fields.matches(fieldsOf(object))
}

function fieldOf(object: KubeObject, path: string): string {
  let value: unknown = object
  for (const step of path.split('.')) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined
  }
  return value === undefined ? '' : String(value)
}
