import type { JsonObject } from '../patch/json-object.ts'
import { difference, emptySet, intersection, isEmptySet, union, type FieldSet } from './field-set.ts'
import { fieldsSetBy, withNamedFields } from './fields-of.ts'
import type { Manager, Managers } from './managers.ts'
import { removeFields } from './remove.ts'
import type { StructType } from './structural-type.ts'
import type { Versions } from './versions.ts'

export interface Pruning {
  /** The live object with the configuration laid over it, in version `apiVersion`. */
  readonly merged: JsonObject
  readonly apiVersion: string
  /** What the applier applied the last time; undefined if it never did. */
  readonly last: Manager | undefined
  /** All managers, the applier's new fields included. */
  readonly managers: Managers
  readonly versions: Versions
}

/**
 * The merged object without what its applier applied the last time and not this time, unless somebody else owns it.
 * An item of a list goes with all that is in it, whoever owns that, unless somebody else owns the item itself.
 */
export function prune({ merged, apiVersion, last, managers, versions }: Pruning): JsonObject {
  if (last === undefined || isEmptySet(last.fields)) return merged
  const type = versions.typeOf(last.apiVersion)
  if (type === undefined) return merged
  const dropped = withNamedFields(last.fields, type)
  const ownedIn = ownedByVersion(managers, last.apiVersion)
  const stillOwned = withNamedFields(ownedIn.get(last.apiVersion) ?? emptySet, type)
  if (isEmptySet(difference(dropped, stillOwned))) return merged
  const whole: Seen = { object: merged, apiVersion }
  const before = seenIn(last.apiVersion, whole, versions)
  let left: Seen = { object: removeFields(before, dropped, type), apiVersion: last.apiVersion }
  for (const [version, owned] of ownedIn) {
    left = addBackOwned(whole, left, { version, owned, versions })
  }
  const kept = namedFields(seenIn(last.apiVersion, left, versions), type)
  const removed = intersection(difference(namedFields(before, type), kept), dropped)
  return seenIn(apiVersion, { object: removeFields(before, removed, type), apiVersion: last.apiVersion }, versions)
}

interface Seen {
  readonly object: JsonObject
  readonly apiVersion: string
}

function seenIn(version: string, { object, apiVersion }: Seen, versions: Versions): JsonObject {
  return version === apiVersion ? object : versions.convert(object, apiVersion, version)
}

/** What is owned at all, by version; the given version first, in whose terms fields were taken away. */
function ownedByVersion(managers: Managers, first: string): Map<string, FieldSet> {
  const owned = new Map<string, FieldSet>([[first, emptySet]])
  for (const { apiVersion, fields } of managers.values()) {
    owned.set(apiVersion, union(owned.get(apiVersion) ?? emptySet, fields))
  }
  return owned
}

interface Owned {
  readonly version: string
  readonly owned: FieldSet
  readonly versions: Versions
}

/** Takes away from the whole only what is missing in `left` and nobody owns in that version. */
function addBackOwned(whole: Seen, left: Seen, { version, owned, versions }: Owned): Seen {
  const type = versions.typeOf(version)
  if (type === undefined) return left
  const object = seenIn(version, whole, versions)
  const present = namedFields(seenIn(version, left, versions), type)
  const removed = difference(namedFields(object, type), union(present, withNamedFields(owned, type)))
  return { object: removeFields(object, removed, type), apiVersion: version }
}

function namedFields(object: JsonObject, type: StructType): FieldSet {
  return withNamedFields(fieldsSetBy(object, type), type)
}
