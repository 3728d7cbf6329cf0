import { isJsonObject, type JsonObject } from '../patch/json-object.ts'
import { jsonEqual } from './json-equal.ts'
import { entriesOf, type ManagedFieldsEntry } from './managers.ts'

/**
 * Whether a write changes nothing, or nothing but when its manager last wrote: then it shall not be stored
 * (k8s.io/apiserver fieldmanager `IgnoreManagedFieldsTimestampsTransformer`).
 */
export function changesNothing(next: JsonObject, previous: JsonObject): boolean {
  if (!jsonEqual(entriesOf(next).map(timeless), entriesOf(previous).map(timeless))) return false
  return jsonEqual(withoutManagedFields(next), withoutManagedFields(previous))
}

/** The object without its managed fields; not a copy beyond its metadata. */
export function withoutManagedFields(object: JsonObject): JsonObject {
  const { metadata } = object
  if (!isJsonObject(metadata) || !Object.hasOwn(metadata, 'managedFields')) return object
  const { managedFields: _, ...others } = metadata
  return { ...object, metadata: others }
}

function timeless(entry: Partial<ManagedFieldsEntry>): Partial<ManagedFieldsEntry> {
  const { time: _, ...others } = entry
  return others
}
