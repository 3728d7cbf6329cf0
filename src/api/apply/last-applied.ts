import { maxAnnotationBytes } from '../metadata.ts'
import { isJsonObject, type JsonObject } from '../patch/json-object.ts'
import { compareObjects } from './compare.ts'
import { difference, emptySet, type FieldSet } from './field-set.ts'
import { fieldsSetBy } from './fields-of.ts'
import type { StructType } from './structural-type.ts'
import { validateApplied } from './validate-applied.ts'

/** The annotation in which `kubectl apply` without server-side apply keeps what it applied. */
const annotation = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * The fields that kubectl applied on the client's side and that are still as it applied them: going over to server-side
 * apply it may take them from whoever owns them. Empty where the annotation is missing or cannot be read.
 */
export function fieldsLastApplied(live: JsonObject, type: StructType): FieldSet {
  const last = parse(annotationsOf(live)?.[annotation])
  if (last === undefined || last['apiVersion'] !== live['apiVersion']) return emptySet
  if (validateApplied(last, type).length > 0 || validateApplied(live, type).length > 0) return emptySet
  const { changed, removed } = compareObjects(last, live, type)
  return difference(difference(fieldsSetBy(last, type), changed), removed)
}

/** The object with its annotation, if it has one, saying what has been applied now. */
export function withLastApplied(object: JsonObject, applied: JsonObject): JsonObject {
  const annotations = annotationsOf(object)
  const { metadata } = object
  if (annotations === undefined || !isJsonObject(metadata) || (annotations[annotation] ?? '') === '') return object
  const { [annotation]: _, ...others } = annotations
  const next = { ...annotations, [annotation]: encode(applied) }
  return { ...object, metadata: { ...metadata, annotations: fits(next) ? next : others } }
}

function fits(annotations: JsonObject): boolean {
  const texts = Object.entries(annotations).flat().map(String)
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0) <= maxAnnotationBytes
}

/** As kubectl writes it: sorted keys, without the annotation itself, one line. */
function encode(applied: JsonObject): string {
  const annotations = annotationsOf(applied)
  const { metadata } = applied
  const { [annotation]: _, ...others } = annotations ?? {}
  const bare =
    annotations === undefined || !isJsonObject(metadata)
      ? applied
      : { ...applied, metadata: { ...metadata, annotations: others } }
  return `${JSON.stringify(bare, (_key, value: unknown) => (isJsonObject(value) ? sortedObject(value) : value))}\n`
}

function sortedObject(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function annotationsOf({ metadata }: JsonObject): JsonObject | undefined {
  const annotations = isJsonObject(metadata) ? metadata['annotations'] : undefined
  return isJsonObject(annotations) ? annotations : undefined
}

function parse(text: unknown): JsonObject | undefined {
  if (typeof text !== 'string') return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined // whoever wrote it, it is not kubectl's
  }
}
