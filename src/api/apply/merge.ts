import { isJsonObject, ownValue, type JsonObject } from '../patch/json-object.ts'
import { fieldOf } from './fields-of.ts'
import { itemElement } from './list-items.ts'
import type { PathElement } from './path-element.ts'
import type { ListType, MapType, StructType, StructuralType } from './structural-type.ts'

/**
 * The live object with the applied configuration laid over it: what both set is as applied, and nothing is taken away.
 * Neither is changed; the result shares parts with both. Throws `UnkeyedItem`.
 */
export function mergeApplied(live: JsonObject, applied: JsonObject, type: StructType): JsonObject {
  return type.atomic ? applied : mergeFields(live, applied, type)
}

function mergeFields(live: JsonObject, applied: JsonObject, type: StructType | MapType): JsonObject {
  const merged = new Map(Object.entries(live))
  for (const [key, value] of Object.entries(applied)) {
    const field = fieldOf(type, key)
    if (field !== undefined) merged.set(key, mergeValue(ownValue(live, key), value, field.type))
  }
  return Object.fromEntries(merged)
}

function mergeValue(live: unknown, applied: unknown, type: StructuralType): unknown {
  if (type.kind === 'scalar' || type.atomic || live === undefined || live === null) return applied
  // A null, or an empty one over one that is not, sets nothing in it.
  if (type.kind === 'list') {
    if (!Array.isArray(live) || live.length === 0) return applied
    return mergeItems(live, Array.isArray(applied) ? applied : [], type)
  }
  if (!isJsonObject(live) || Object.keys(live).length === 0) return applied
  return mergeFields(live, isJsonObject(applied) ? applied : {}, type)
}

/**
 * The items stand in the order in which they are applied; those that are only live keep their places between the ones
 * that both have.
 */
function mergeItems(live: readonly unknown[], applied: readonly unknown[], type: ListType): unknown[] {
  const liveItems = live.map((item) => ({ item, element: itemElement(item, type) }))
  const wanted = applied.map((item) => ({ item, element: itemElement(item, type) }))
  const wantedElements = new Set(wanted.map(({ element }) => element))
  const partners = partnersOf(liveItems)
  const nextShared = wanted.reduceRight<(PathElement | undefined)[]>(
    (after, { element }) => (after.push(partners.has(element) ? element : after.at(-1)), after),
    [],
  )
  const result: unknown[] = []
  let at = 0
  const takeLiveUntil = (element: PathElement | undefined): void => {
    for (let next = liveItems[at]; next !== undefined && next.element !== element; next = liveItems[++at]) {
      if (!wantedElements.has(next.element)) result.push(next.item)
    }
  }
  for (const { item, element } of wanted) {
    takeLiveUntil(nextShared.pop())
    if (liveItems[at]?.element === element) at += 1
    result.push(mergeValue(partners.get(element), item, type.item))
  }
  takeLiveUntil(undefined)
  return result
}

/** The live item of each element; undefined for elements that several items share, which merge with nothing. */
function partnersOf(
  items: readonly { readonly item: unknown; readonly element: PathElement }[],
): Map<PathElement, unknown> {
  const partners = new Map<PathElement, unknown>()
  for (const { item, element } of items) partners.set(element, partners.has(element) ? undefined : item)
  return partners
}
