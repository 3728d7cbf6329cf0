import type { JsonObject } from '../patch/json-object.ts'
import { compareObjects, type Comparison } from './compare.ts'
import type { Conflict } from './conflicts.ts'
import {
  difference,
  emptySet,
  intersection,
  isEmptySet,
  leaf,
  recursiveDifference,
  type FieldSet,
} from './field-set.ts'
import type { Manager, Managers } from './managers.ts'
import { fieldElement } from './path-element.ts'
import type { StructType } from './structural-type.ts'
import type { Versions } from './versions.ts'

/** A change of an object, before and after both in the version of the request. */
export interface Change {
  readonly before: JsonObject
  readonly after: JsonObject
  readonly apiVersion: string
  readonly versions: Versions
  /** Fields that the request cannot write, whatever it carries: it gains no ownership of them. */
  readonly ignored: FieldSet
}

const serverMetadata = [
  'clusterName',
  'creationTimestamp',
  'generation',
  'managedFields',
  'name',
  'namespace',
  'resourceVersion',
  'selfLink',
  'uid',
]

/** Fields that have no owners, as the server alone writes them. */
const unowned: FieldSet = {
  'f:apiVersion': leaf,
  'f:kind': leaf,
  'f:metadata': { '.': leaf, ...Object.fromEntries(serverMetadata.map((name) => [fieldElement(name), leaf])) },
}

/** The set without the fields that nobody owns. */
export function ownable(fields: FieldSet): FieldSet {
  return difference(fields, unowned)
}

/** Every field of an object but one: what a request to `/status` does not write. */
export function allBut(field: string, type: StructType): FieldSet {
  const others = [...type.fields.keys()].filter((name) => name !== field)
  return Object.fromEntries(others.map((name) => [fieldElement(name), leaf]))
}

/** What a change changes in the terms of a version; undefined if the object is not served in it. */
export type Comparer = (apiVersion: string) => Comparison | undefined

/** Compares the change in every version that managers speak; each at most once. */
export function comparisonsOf(change: Change): Comparer {
  const known = new Map<string, Comparison | undefined>()
  return (apiVersion) => {
    if (!known.has(apiVersion)) known.set(apiVersion, comparisonIn(apiVersion, change))
    return known.get(apiVersion)
  }
}

function comparisonIn(apiVersion: string, change: Change): Comparison | undefined {
  const { versions, ignored } = change
  const type = versions.typeOf(apiVersion)
  if (type === undefined) return undefined
  const seen = (object: JsonObject): JsonObject =>
    apiVersion === change.apiVersion ? object : versions.convert(object, change.apiVersion, apiVersion)
  const { changed, removed } = compareObjects(seen(change.before), seen(change.after), type)
  if (isEmptySet(ignored)) return { changed, removed }
  return { changed: recursiveDifference(changed, ignored), removed: recursiveDifference(removed, ignored) }
}

/** What others own of the fields that change. */
export function conflictsWith(others: Managers, comparison: Comparer): Conflict[] {
  return [...others.values()].flatMap((manager) => {
    const fields = intersection(comparison(manager.apiVersion)?.changed ?? emptySet, manager.fields)
    return isEmptySet(fields) ? [] : [{ manager, fields }]
  })
}

/**
 * The managers after a change by somebody else: they lose what was changed or removed. Those that have nothing left
 * go, as do those that speak of a version that is not served.
 */
export function withoutLost(others: Managers, comparison: Comparer): Managers {
  const left: Managers = new Map()
  for (const [id, manager] of others) {
    const lost = comparison(manager.apiVersion)
    if (lost === undefined) continue
    const kept = without(without(manager, lost.changed), lost.removed)
    if (!isEmptySet(kept.fields)) left.set(id, kept)
  }
  return left
}

/** The very same manager if it owned none of the fields. */
function without(manager: Manager, lost: FieldSet): Manager {
  if (isEmptySet(intersection(lost, manager.fields))) return manager
  return { ...manager, fields: difference(manager.fields, lost) }
}
