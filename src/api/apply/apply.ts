import { badRequest, type StatusError } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../patch/json-object.ts'
import { withoutManagedFields } from './changes-nothing.ts'
import { applyConflict, type Conflict } from './conflicts.ts'
import { difference, isEmptySet, recursiveDifference, type FieldSet } from './field-set.ts'
import { fieldsSetBy } from './fields-of.ts'
import { jsonEqual } from './json-equal.ts'
import { fieldsLastApplied, withLastApplied } from './last-applied.ts'
import { UnkeyedItem } from './list-items.ts'
import { identityOf, storedManagers, writeManagers, type Manager, type Managers } from './managers.ts'
import { mergeApplied } from './merge.ts'
import { comparisonsOf, conflictsWith, ownable, withoutLost } from './ownership.ts'
import { prune } from './prune.ts'
import type { StructType } from './structural-type.ts'
import { afterUpdate, type Writer } from './update-managers.ts'
import { describeProblems, validateApplied } from './validate-applied.ts'
import type { Versions } from './versions.ts'

export interface ApplyRequest extends Writer {
  /** The stored object in the request's version; undefined if there is none yet. */
  readonly live: JsonObject | undefined
  /** What the client applies: a part of an object, as it came. */
  readonly applied: JsonObject
  /** `Deployment`; `applied` must be one of the request's version. */
  readonly kind: string
  /** Takes conflicting fields from their owners. */
  readonly force: boolean
  readonly versions: Versions
  /** Fields that the request cannot write, whatever it carries: it gains no ownership of them. */
  readonly ignored: FieldSet
}

/**
 * Server-side apply (KEP-555): the live object with the configuration laid over it, without what this manager applied
 * before and nobody owns now, and with its new `metadata.managedFields`. Where the live object is as wanted already
 * the result equals it but for the managed fields. Changes none of its arguments; the result shares parts with them.
 *
 * Throws a 409 that lists every field which others own with another value, and a 400 for what is not a configuration
 * of this kind; worded as upstream (apimachinery `pkg/util/managedfields`).
 */
export function apply(request: ApplyRequest): JsonObject {
  const type = request.versions.typeOf(request.apiVersion)
  if (type === undefined) throw badRequest(`invalid object type: ${typeNameOf(request.applied)}`)
  checkApplied(request, type)
  const live = withoutManagedFields(request.live ?? {})
  const managers = managersOf(request, live)
  const outcome = keyed(live, () => applyAllowingOwn({ request, type, live, managers }))
  const object = request.manager === kubectl ? withLastApplied(outcome.object, request.applied) : outcome.object
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {}
  return { ...object, metadata: { ...metadata, managedFields: writeManagers(outcome.managers) } }
}

/** The manager as which `kubectl apply --server-side` applies. */
const kubectl = 'kubectl'
/** Owns all that was there when an object that had not been tracked is first applied to. */
const beforeFirstApply = 'before-first-apply'

function checkApplied({ applied, kind, apiVersion }: ApplyRequest, type: StructType): void {
  if (applied['kind'] !== kind || applied['apiVersion'] !== apiVersion) {
    throw badRequest(`invalid object type: ${typeNameOf(applied)}`)
  }
  const metadata = isJsonObject(applied['metadata']) ? applied['metadata'] : {}
  if ((metadata['managedFields'] ?? null) !== null) throw badRequest('metadata.managedFields must be nil')
  const problems = validateApplied(applied, type)
  if (problems.length > 0) throw notTyped(applied, describeProblems(problems), 'patch')
}

function notTyped(object: JsonObject, problem: string, which: 'patch' | 'live'): StatusError {
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {}
  const name = `${textOf(metadata['namespace'])}/${textOf(metadata['name'])}`
  return badRequest(`failed to create typed ${which} object (${name}; ${typeNameOf(object)}): ${problem}`)
}

/** `apps/v1, Kind=Deployment`, `/v1, Kind=Pod` */
function typeNameOf(object: JsonObject): string {
  const apiVersion = textOf(object['apiVersion'])
  return `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${textOf(object['kind'])}`
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Who owns what before the apply. */
function managersOf(request: ApplyRequest, live: JsonObject): Managers {
  const managers = storedManagers(request.live)
  if (managers.size > 0 || request.live === undefined) return managers
  const change = { ...request, before: {}, after: live }
  return afterUpdate(managers, change, { ...request, manager: beforeFirstApply })
}

interface Situation {
  readonly request: ApplyRequest
  readonly type: StructType
  /** Without its managed fields. */
  readonly live: JsonObject
  readonly managers: Managers
}

interface Outcome {
  readonly object: JsonObject
  readonly managers: Managers
  /** Those that stand in the way; empty for a forced apply. */
  readonly conflicts: readonly Conflict[]
}

/** kubectl may take over, without force, what it applied itself on the client's side. */
function applyAllowingOwn(situation: Situation): Outcome {
  const outcome = applyOnce(situation, situation.request.force)
  if (outcome.conflicts.length === 0) return outcome
  if (situation.request.manager !== kubectl) throw applyConflict(outcome.conflicts)
  const own = fieldsLastApplied(situation.live, situation.type)
  const others = outcome.conflicts
    .map(({ manager, fields }) => ({ manager, fields: difference(fields, own) }))
    .filter(({ fields }) => !isEmptySet(fields))
  if (others.length > 0) throw applyConflict(others)
  return applyOnce(situation, true)
}

function applyOnce({ request, type, live, managers }: Situation, force: boolean): Outcome {
  const { applied, apiVersion, versions, ignored, now } = request
  const self = { name: request.manager, operation: 'Apply', apiVersion, subresource: request.subresource } as const
  const id = identityOf(self)
  const last = managers.get(id)
  const fields = recursiveDifference(fieldsSetBy(applied, type), ignored)
  const applier: Manager = { ...self, time: last?.time, fields }
  const merged = mergeApplied(live, applied, type)
  const object = prune({ merged, apiVersion, last, managers: new Map(managers).set(id, applier), versions })

  const others = new Map(managers)
  others.delete(id)
  const comparison = comparisonsOf({ before: live, after: object, apiVersion, versions, ignored })
  const conflicts = force ? [] : conflictsWith(others, comparison)
  const left = withoutLost(others, comparison)
  const time = jsonEqual(live, object) ? last?.time : now
  left.set(id, { ...applier, time, fields: ownable(fields) })
  return { object, managers: left, conflicts }
}

/** The applied items have been checked; one that nothing tells apart is a live one. */
function keyed<Result>(live: JsonObject, compute: () => Result): Result {
  try {
    return compute()
  } catch (error) {
    if (error instanceof UnkeyedItem) throw notTyped(live, error.message, 'live')
    throw error
  }
}
