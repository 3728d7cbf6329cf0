import type { V1ManagedFieldsEntry } from '@kubernetes/client-node'
import type { Wire } from '../object.ts'
import { isJsonObject, type JsonObject } from '../patch/json-object.ts'
import { emptySet, isEmptySet, parseFieldSet, union, type FieldSet } from './field-set.ts'
import { sharedSet } from './shared-sets.ts'

/** One entry of `metadata.managedFields`. */
export type ManagedFieldsEntry = Wire<V1ManagedFieldsEntry>

/** Who owns fields: an entry of `metadata.managedFields`, read. */
export interface Manager {
  readonly name: string
  readonly operation: 'Apply' | 'Update'
  /** The version in whose terms `fields` are. */
  readonly apiVersion: string
  /** '' for writes to the object itself. */
  readonly subresource: string
  /** RFC 3339; undefined if it was never told. */
  readonly time: string | undefined
  readonly fields: FieldSet
}

/**
 * Managers by identity: name, operation, subresource and, but for appliers, version. Never changed in place but by
 * whoever made the map.
 */
export type Managers = Map<string, Manager>

/** Whose fields these are, as upstream identifies managers; sorts as upstream sorts them. */
export function identityOf({ name, operation, apiVersion, subresource }: Omit<Manager, 'time' | 'fields'>): string {
  return JSON.stringify({
    ...(name !== '' && { manager: name }),
    operation,
    ...(operation === 'Update' && { apiVersion }),
    ...(subresource !== '' && { subresource }),
  })
}

/** The managers that the entries stand for, whoever wrote them. Undefined if an entry cannot be read. */
export function readManagers(entries: readonly Partial<ManagedFieldsEntry>[]): Managers | undefined {
  const managers: Managers = new Map()
  for (const entry of entries) {
    const manager = readManager(entry)
    if (manager === undefined) return undefined
    managers.set(identityOf(manager), manager)
  }
  return managers
}

/** The same for the entries of a stored object, which are as `writeManagers` wrote them. */
export function storedManagers(object: JsonObject | undefined): Managers {
  const managers: Managers = new Map()
  for (const entry of entriesOf(object)) {
    const { manager: name = '', apiVersion = '', subresource = '', time } = entry
    const operation = entry.operation === 'Apply' ? 'Apply' : 'Update'
    const fields = (entry.fieldsV1 ?? emptySet) as FieldSet
    const manager: Manager = { name, operation, apiVersion, subresource, time, fields }
    managers.set(identityOf(manager), manager)
  }
  return managers
}

/** `metadata.managedFields` of an object; empty if it has none. */
export function entriesOf(object: JsonObject | undefined): readonly Partial<ManagedFieldsEntry>[] {
  return givenEntries(object) ?? []
}

/** The same; undefined if it is missing. */
export function givenEntries(object: JsonObject | undefined): readonly Partial<ManagedFieldsEntry>[] | undefined {
  const metadata = object?.['metadata']
  const entries = isJsonObject(metadata) ? metadata['managedFields'] : undefined
  return Array.isArray(entries) ? entries : undefined
}

function readManager(entry: Partial<ManagedFieldsEntry>): Manager | undefined {
  const { manager: name = '', operation, apiVersion = '', subresource = '', time, fieldsType, fieldsV1 } = entry
  if (operation !== 'Apply' && operation !== 'Update') return undefined
  if (apiVersion === '' || fieldsType !== 'FieldsV1') return undefined
  const fields = parseFieldSet(fieldsV1 ?? emptySet)
  return fields && { name, operation, apiVersion, subresource, time, fields }
}

/** Whether a client asks for all owners to be forgotten: by an empty list, or by one with one empty entry. */
export function isReset(entries: readonly Partial<ManagedFieldsEntry>[] | undefined): boolean {
  const [only, ...others] = entries ?? []
  if (only === undefined) return entries !== undefined
  return others.length === 0 && Object.keys(only).length === 0
}

/** The entries in upstream's order: appliers first, then by time and name. Managers without fields have none. */
export function writeManagers(managers: Managers): ManagedFieldsEntry[] {
  return [...managers.values()]
    .filter(({ fields }) => !isEmptySet(fields))
    .sort(byOperationThenTime)
    .map(writeManager)
}

function writeManager({ name, operation, apiVersion, subresource, time, fields }: Manager): ManagedFieldsEntry {
  return {
    ...(name !== '' && { manager: name }),
    operation,
    apiVersion,
    ...(time !== undefined && { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: sharedSet(fields),
    ...(subresource !== '' && { subresource }),
  }
}

function byOperationThenTime(a: Manager, b: Manager): number {
  return (
    compareText(a.operation, b.operation) ||
    secondsOf(a) - secondsOf(b) ||
    compareText(a.name, b.name) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  )
}

const maxUpdaters = 10
const bucketName = 'ancient-changes'

/**
 * Keeps the number of managers by update at ten: the oldest of a version become one, `ancient-changes`.
 * Changes the map.
 */
export function capUpdaters(managers: Managers): void {
  const updaters = [...managers].filter(([, { operation }]) => operation === 'Update')
  let excess = updaters.length - maxUpdaters
  if (excess <= 0) return
  updaters.sort(([idA, a], [idB, b]) => secondsOf(a) - secondsOf(b) || compareText(idA, idB))
  const firstOfVersion = new Map<string, string>()
  for (const [id, updater] of updaters) {
    if (excess <= 0) return
    const { apiVersion } = updater
    const first = firstOfVersion.get(apiVersion)
    if (first === undefined) {
      firstOfVersion.set(apiVersion, id)
      continue
    }
    putInBucket(managers, first, id)
    excess -= 1
  }
}

/** Joins the manager to the bucket of its version, which begins as the first of that version. */
function putInBucket(managers: Managers, first: string, id: string): void {
  const updater = managers.get(id)
  if (updater === undefined) return
  const bucket = { ...updater, name: bucketName, subresource: '' }
  const bucketId = identityOf(bucket)
  const held = managers.get(bucketId) ?? managers.get(first)
  if (!managers.has(bucketId)) managers.delete(first)
  if (id !== bucketId) managers.delete(id)
  managers.set(bucketId, { ...bucket, fields: union(updater.fields, held?.fields ?? emptySet) })
}

function secondsOf({ time }: Manager): number {
  const milliseconds = time === undefined ? 0 : Date.parse(time)
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000)
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
