/** The lists of a strategic merge patch: merging them, and the order of what comes out. */
import { badRequest } from '../errors.ts'
import { goText } from './go-text.ts'
import { isJsonObject, jsonTypeOf, ownValue, type JsonObject } from './json-object.ts'

interface ObjectListMerge {
  readonly key: string
  merge(item: JsonObject, change: JsonObject): JsonObject
}

/** Items of equal key are merged, others added; `$patch: delete` removes, `$patch: replace` drops what was there. */
export function mergeObjectList(
  current: readonly unknown[],
  patch: readonly unknown[],
  { key, merge }: ObjectListMerge,
): unknown[] {
  const changes = objectsOf(patch)
  const directives = changes.filter((item) => Object.hasOwn(item, '$patch'))
  const plain = changes.filter((item) => !Object.hasOwn(item, '$patch'))
  if (directives.some((item) => checkedDirective(item) === 'replace')) return plain

  const deleted = new Set(directives.map((item) => keyOf(item, key)))
  const merged = objectsOf(current).filter((item) => !deleted.has(ownValue(item, key)))
  for (const change of plain) {
    const changedKey = keyOf(change, key)
    const at = merged.findIndex((item) => ownValue(item, key) === changedKey)
    const before = merged[at]
    if (before === undefined) merged.push(change)
    else merged[at] = merge(before, change)
  }
  return inOrderOf(plain, { list: merged, live: current, key })
}

/** The union of both, without repetitions. */
export function mergeSet(current: readonly unknown[], patch: readonly unknown[]): unknown[] {
  return inOrderOf(patch, { list: [...new Set([...current, ...patch])], live: current, key: undefined })
}

interface Ordering {
  /** What is to be ordered. */
  readonly list: readonly unknown[]
  /** The list as it was before the patch. */
  readonly live: readonly unknown[]
  /** Which field tells items apart; undefined for plain values. */
  readonly key: string | undefined
}

/**
 * Puts the list into an order in which the items of `order` stand as there, all others as in the live list, and
 * each of these before the first item of `order` that it preceded in the live list.
 */
export function inOrderOf(order: readonly unknown[], { list, live, key }: Ordering): unknown[] {
  const identity = (item: unknown): unknown => (key === undefined ? item : keyOf(objectOf(item), key))
  const wanted = new Map(order.map((item, index) => [identity(item), index]))
  const before = new Map(live.map((item, index) => [isJsonObject(item) && key ? ownValue(item, key) : item, index]))
  const rank = (ranks: ReadonlyMap<unknown, number>, item: unknown): number => ranks.get(identity(item)) ?? Infinity
  const by = (ranks: ReadonlyMap<unknown, number>) => (a: unknown, b: unknown) =>
    rank(ranks, a) === rank(ranks, b) ? 0 : rank(ranks, a) - rank(ranks, b)

  const named = list.filter((item) => wanted.has(identity(item))).toSorted(by(wanted))
  const others = list.filter((item) => !wanted.has(identity(item))).toSorted(by(before))
  const precedes = (a: unknown, b: unknown): boolean => rank(before, a) < rank(before, b) && rank(before, b) < Infinity
  return interleave(others, named, precedes)
}

/** Both in their own order; an item of `left` comes as soon as it precedes the next of `right`. */
function interleave(
  left: readonly unknown[],
  right: readonly unknown[],
  precedes: (a: unknown, b: unknown) => boolean,
): unknown[] {
  const result: unknown[] = []
  let at = 0
  for (const item of right) {
    while (at < left.length && precedes(left[at], item)) result.push(left[at++])
    result.push(item)
  }
  return [...result, ...left.slice(at)]
}

function checkedDirective(item: JsonObject): 'delete' | 'replace' {
  const kind = item['$patch']
  if (kind === 'delete' || kind === 'replace') return kind
  if (kind === 'merge') throw badRequest('merging lists cannot yet be specified in the patch')
  throw badRequest(`unknown patch type: ${goText(kind)} in map: ${JSON.stringify(item)}`)
}

function keyOf(item: JsonObject, key: string): unknown {
  const value = ownValue(item, key)
  if (value !== undefined) return value
  throw badRequest(`map: ${goText(item)} does not contain declared merge key: ${key}`)
}

function objectsOf(list: readonly unknown[]): JsonObject[] {
  return list.map(objectOf)
}

function objectOf(item: unknown): JsonObject {
  if (isJsonObject(item)) return item
  throw badRequest(`expected a map, but received a ${jsonTypeOf(item)}`)
}
