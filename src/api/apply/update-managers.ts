import type { JsonObject } from '../patch/json-object.ts'
import { emptySet, isEmptySet, union } from './field-set.ts'
import { jsonEqual } from './json-equal.ts'
import { UnkeyedItem } from './list-items.ts'
import {
  capUpdaters,
  entriesOf,
  givenEntries,
  identityOf,
  isReset,
  readManagers,
  storedManagers,
  writeManagers,
  type ManagedFieldsEntry,
  type Managers,
} from './managers.ts'
import { comparisonsOf, ownable, withoutLost, type Change } from './ownership.ts'
import type { Versions } from './versions.ts'

/** Who writes, and through what. */
export interface Writer {
  /** `?fieldManager=`, or the first part of the User-Agent. */
  readonly manager: string
  /** The version of the request, in which its objects are. */
  readonly apiVersion: string
  /** '' for a write to the object itself. */
  readonly subresource: string
  /** RFC 3339, to the second. */
  readonly now: string
}

export interface Update extends Writer {
  /** The stored object; undefined on create. */
  readonly before: JsonObject | undefined
  /** The object as it will be stored, but for its managed fields: those that the client sent, if any. */
  readonly after: JsonObject
  readonly versions: Versions
}

/**
 * `metadata.managedFields` after a create, update or patch: the writer owns what it has changed, others no longer.
 * Empty if the object is not tracked: it was not from its creation, or the client has had its owners forgotten.
 * Neither object is changed.
 */
export function updateManagers(update: Update): readonly Partial<ManagedFieldsEntry>[] {
  const { before, after } = update
  const managers = managersBefore(update)
  if (before !== undefined && managers.size === 0) return []
  const change = { ...update, before: before ?? {}, after, ignored: emptySet }
  try {
    return writeManagers(afterUpdate(managers, change, update))
  } catch (error) {
    // The object is not valid, and will not be stored.
    if (error instanceof UnkeyedItem) return entriesOf(before)
    throw error
  }
}

/**
 * The owners as of the request: those that the client sent, so that it can edit them; but a client that does not know
 * of managed fields, or does not know their form, cannot lose them.
 */
function managersBefore({ before, after, subresource }: Update): Managers {
  if (before === undefined) return new Map()
  const given = givenEntries(after)
  if (subresource !== '' || given === undefined || jsonEqual(given, entriesOf(before))) return storedManagers(before)
  if (isReset(given)) return new Map()
  const managers = readManagers(given)
  return managers === undefined || managers.size === 0 ? storedManagers(before) : managers
}

/** The managers after the writer's change. */
export function afterUpdate(before: Managers, change: Change, writer: Writer): Managers {
  const comparison = comparisonsOf(change)
  const managers = withoutLost(before, comparison)
  const gained = ownable(comparison(writer.apiVersion)?.changed ?? emptySet)
  if (isEmptySet(gained)) return managers
  const { manager: name, apiVersion, subresource, now: time } = writer
  const self = { name: name === '' ? 'unknown' : name, operation: 'Update', apiVersion, subresource } as const
  const id = identityOf(self)
  managers.set(id, { ...self, time, fields: union(gained, managers.get(id)?.fields ?? emptySet) })
  capUpdaters(managers)
  return managers
}
