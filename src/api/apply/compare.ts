import { isJsonObject, ownValue, type JsonObject } from '../patch/json-object.ts'
import { leaf, nodeOf, type Children, type FieldSet } from './field-set.ts'
import { everythingAt, fieldOf } from './fields-of.ts'
import { jsonEqual } from './json-equal.ts'
import { itemsByElement } from './list-items.ts'
import type { PathElement } from './path-element.ts'
import type { ListType, MapType, StructType, StructuralType } from './structural-type.ts'

export interface Comparison {
  /** Fields of the second object that the first has not, or with another value. */
  readonly changed: FieldSet
  /** Fields of the first object that the second has not. */
  readonly removed: FieldSet
}

/** Which fields differ between two objects of a type, as far as fields have owners. */
export function compareObjects(before: JsonObject, after: JsonObject, type: StructType): Comparison {
  const differences = new Differences()
  if (!type.atomic) compareFields(before, after, type, differences)
  return differences
}

/** The differences under one place. */
class Differences {
  readonly changed: Children = {}
  readonly removed: Children = {}

  /** Compares what stands under an element and takes over what is found there. */
  under(element: PathElement, compare: (below: Differences) => void): void {
    const below = new Differences()
    compare(below)
    const changed = nodeOf(false, below.changed)
    const removed = nodeOf(false, below.removed)
    if (changed !== undefined) this.changed[element] = changed
    if (removed !== undefined) this.removed[element] = removed
  }
}

function compareFields(before: JsonObject, after: JsonObject, type: StructType | MapType, into: Differences): void {
  for (const key in after) compareField(key, ownValue(before, key), after[key], type, into)
  for (const key in before) if (!Object.hasOwn(after, key)) compareField(key, before[key], undefined, type, into)
}

function compareField(
  key: string,
  before: unknown,
  after: unknown,
  type: StructType | MapType,
  into: Differences,
): void {
  if (before === after) return
  const field = fieldOf(type, key)
  if (field === undefined) return
  const { element } = field
  if (!field.standing) return compareAt(element, before, after, field.type, into)
  const nothing = field.type.kind === 'list' ? [] : {}
  if (!isBare(before) || !isBare(after)) {
    compareAt(element, before ?? nothing, after ?? nothing, field.type, into)
  }
}

/** Whether a standing field holds nothing, which is as good as missing. */
function isBare(value: unknown): boolean {
  if (value === undefined || value === null) return true
  return Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0
}

function compareAt(
  element: PathElement,
  before: unknown,
  after: unknown,
  type: StructuralType,
  into: Differences,
): void {
  if (before === after) return
  if (before === undefined) into.changed[element] = everythingAt(after, type)
  else if (after === undefined) into.removed[element] = everythingAt(before, type)
  // Two empty ones are compared as wholes too: null and empty are not the same.
  else if (type.kind === 'scalar' || type.atomic || (isBare(before) && isBare(after))) {
    if (!jsonEqual(before, after)) into.changed[element] = leaf
  } else into.under(element, (below) => compareInside(before, after, type, below))
}

function compareInside(
  before: unknown,
  after: unknown,
  type: ListType | StructType | MapType,
  into: Differences,
): void {
  if (type.kind === 'list') {
    // Most lists are as they were, and finding that out is cheaper than telling their items apart.
    if (jsonEqual(before, after)) return
    return compareItems(Array.isArray(before) ? before : [], Array.isArray(after) ? after : [], type, into)
  }
  compareFields(isJsonObject(before) ? before : {}, isJsonObject(after) ? after : {}, type, into)
}

function compareItems(
  before: readonly unknown[],
  after: readonly unknown[],
  type: ListType,
  into: Differences,
): void {
  const [old, now] = [itemsByElement(before, type), itemsByElement(after, type)]
  for (const element of new Set([...old.keys(), ...now.keys()])) {
    const [left, right] = [old.get(element) ?? [], now.get(element) ?? []]
    if (left.length <= 1 && right.length <= 1) compareAt(element, left[0], right[0], type.item, into)
    else compareRepeated(element, left, right, type.item, into)
  }
}

/** Items that share an element are owned together, as a whole. */
function compareRepeated(
  element: PathElement,
  left: readonly unknown[],
  right: readonly unknown[],
  item: StructuralType,
  into: Differences,
): void {
  if (left.length > 1 && right.length > 1) {
    if (!jsonEqual(left, right)) into.changed[element] = leaf
    return
  }
  if (left.length > 1) {
    into.removed[element] = leaf
    if (right.length > 0) into.changed[element] = everythingAt(right[0], item)
  } else {
    into.changed[element] = leaf
    if (left.length > 0) into.removed[element] = everythingAt(left[0], item)
  }
}
