import type { KubeObject } from '../api/object.ts'

/** A copy that may be changed, but for its managed fields: they are the object's own, and only ever replaced as a whole. */
export function copyOf<T extends KubeObject>(object: T): T {
  const { managedFields, ...metadata } = object.metadata
  const copy = copyJson({ ...object, metadata }) as T
  if (managedFields !== undefined) copy.metadata.managedFields = managedFields
  return copy
}

function copyJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyJson)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyJson(item)]))
}
