import { badRequest } from '../errors.ts'
import type { Schema } from '../schema/schema.ts'
import { goText } from './go-text.ts'
import { isJsonObject, jsonTypeOf, ownValue, type JsonObject } from './json-object.ts'
import { inOrderOf, mergeObjectList, mergeSet } from './list-merge.ts'
import { shapeOf, type PatchShape } from './patch-shape.ts'

const directive = '$patch'
const retainKeysDirective = '$retainKeys'
const elementOrderPrefix = '$setElementOrder/'
const deletionPrefix = '$deleteFromPrimitiveList/'

/**
 * Strategic merge patch, as k8s.io/apimachinery/pkg/util/strategicpatch: a merge patch that merges lists by the merge
 * keys of their type, with `$patch`, `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…`.
 * Neither argument is changed; the result may share parts with both. Throws 400 for what is not such a patch.
 */
export function applyStrategicMergePatch(
  original: unknown,
  patch: unknown,
  typeName: string,
  schema: Schema,
): JsonObject {
  if (!isJsonObject(patch)) throw badRequest(`a strategic merge patch must be an object, but is a ${jsonTypeOf(patch)}`)
  return mergeObject(isJsonObject(original) ? original : {}, patch, shapeOf(typeName, schema))
}

function mergeObject(original: JsonObject, patch: JsonObject, shape: PatchShape): JsonObject {
  if (Object.hasOwn(patch, directive)) return applyDirective(patch)
  const merged = new Map(Object.entries(retained(original, patch)))
  const { orders, deletions, plain } = partsOf(patch)
  for (const [key, order] of orders) mergeOrdered(merged, plain, { key, order, shape })
  for (const [key, value] of plain) mergeKey(merged, key, value, shape)
  for (const [key, items] of deletions) deleteItems(merged, key, items)
  return Object.fromEntries(merged)
}

function applyDirective({ [directive]: kind, ...rest }: JsonObject): JsonObject {
  if (kind === 'replace') return rest
  if (kind === 'delete') return {}
  throw badRequest(`unknown patch type: ${goText(kind)} in map: ${JSON.stringify(rest)}`)
}

/** The original without the keys that `$retainKeys` does not name. */
function retained(original: JsonObject, patch: JsonObject): JsonObject {
  if (!Object.hasOwn(patch, retainKeysDirective)) return original
  const list = patch[retainKeysDirective]
  if (!Array.isArray(list)) throw badRequest('invalid patch format of retainKeys')
  const keep = new Set<unknown>(list)
  const set = Object.keys(patch).filter((key) => patch[key] !== null && !key.startsWith('$'))
  if (set.some((key) => !keep.has(key))) throw badRequest('invalid patch format of retainKeys')
  return Object.fromEntries(Object.entries(original).filter(([key]) => keep.has(key)))
}

interface PatchParts {
  readonly orders: readonly (readonly [string, unknown])[]
  readonly deletions: readonly (readonly [string, unknown])[]
  readonly plain: Map<string, unknown>
}

function partsOf(patch: JsonObject): PatchParts {
  const entries = Object.entries(patch).filter(([key]) => key !== retainKeysDirective)
  const withPrefix = (prefix: string): (readonly [string, unknown])[] =>
    entries.filter(([key]) => key.startsWith(prefix)).map(([key, value]) => [key.slice(prefix.length), value] as const)
  const isPlain = (key: string): boolean => !key.startsWith(elementOrderPrefix) && !key.startsWith(deletionPrefix)
  return {
    orders: withPrefix(elementOrderPrefix),
    deletions: withPrefix(deletionPrefix),
    plain: new Map(entries.filter(([key]) => isPlain(key))),
  }
}

function mergeKey(merged: Map<string, unknown>, key: string, value: unknown, shape: PatchShape): void {
  const current = merged.get(key)
  if (value === null) merged.delete(key)
  else if (isJsonObject(value) && isJsonObject(current)) {
    merged.set(key, mergeObject(current, value, shape.field(key).shape))
  } else if (Array.isArray(value) && Array.isArray(current)) {
    merged.set(key, mergeList(current, value, shape.field(key)))
  } else {
    const clean = asNew(value)
    if (clean === undefined) merged.delete(key)
    else merged.set(key, clean)
  }
}

type ListPlace = ReturnType<PatchShape['field']>

function mergeList(current: readonly unknown[], patch: readonly unknown[], { shape, rule }: ListPlace): unknown[] {
  if (rule === undefined || !rule.strategies.includes('merge')) return [...patch]
  if (current.length === 0 && patch.length === 0) return []
  const { mergeKey: key } = rule
  if (key === undefined) return mergeSet(current, patch)
  return mergeObjectList(current, patch, { key, merge: (item, change) => mergeObject(item, change, shape) })
}

/** Merges a list together with the order that the client wants its items to have, and takes it out of `plain`. */
function mergeOrdered(
  merged: Map<string, unknown>,
  plain: Map<string, unknown>,
  { key, order, shape }: { key: string; order: unknown; shape: PatchShape },
): void {
  const current = listAt(merged, key)
  const patch = listAt(plain, key)
  if (!Array.isArray(order)) throw badRequest('invalid patch format of setElementOrder list')
  const place = shape.field(key)
  const itemKey = place.rule?.mergeKey
  if (patch !== undefined) checkOrder(patch, order, itemKey)
  if (patch === undefined && plain.has(key)) return // null: to be deleted
  plain.delete(key)
  const list = current !== undefined && patch !== undefined ? mergeList(current, patch, place) : (patch ?? current)
  if (list === undefined) return
  const clean = current === undefined ? added(list) : list
  merged.set(key, inOrderOf(order, { list: clean, live: current ?? [], key: itemKey }))
}

function listAt(object: ReadonlyMap<string, unknown>, key: string): unknown[] | undefined {
  const value = object.get(key)
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value)) return value
  throw badRequest(`expected a list under ${key}, but received a ${jsonTypeOf(value)}`)
}

/** The items of the patch, deletions aside, must stand in the order that it wants. */
function checkOrder(patch: readonly unknown[], order: readonly unknown[], key: string | undefined): void {
  const keyOf = (item: unknown): unknown => (key !== undefined && isJsonObject(item) ? ownValue(item, key) : item)
  const wanted = order.map(keyOf)
  const kept = patch.filter((item) => !isJsonObject(item) || !Object.hasOwn(item, directive)).map(keyOf)
  if (order.length === 0 || kept.length === 0) return
  let at = 0
  for (const item of kept) {
    at = wanted.indexOf(item, at) + 1
    if (at > 0) continue
    const lists = [patch, order].map((list) => JSON.stringify(list))
    throw badRequest(`The order in patch list:\n${lists[0]}\n doesn't match $setElementOrder list:\n${lists[1]}\n`)
  }
}

function deleteItems(merged: Map<string, unknown>, key: string, items: unknown): void {
  if (!Array.isArray(items)) throw badRequest('invalid patch format of primitive list')
  const current = merged.get(key)
  if (!Array.isArray(current)) return
  merged.set(
    key,
    current.filter((item) => !items.includes(item)),
  )
}

/** A value of the patch that meets nothing in the original: without its nulls and directives; undefined for nothing. */
function asNew(value: unknown): unknown {
  if (Array.isArray(value)) return added(value)
  if (!isJsonObject(value)) return value
  if (Object.hasOwn(value, directive)) return undefined
  const entries = Object.entries(value)
    .filter(([key, item]) => item !== null && !key.startsWith('$'))
    .map(([key, item]) => [key, asNew(item)] as const)
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined))
}

function added(list: readonly unknown[]): unknown[] {
  return list.map(asNew).filter((item) => item !== undefined)
}
