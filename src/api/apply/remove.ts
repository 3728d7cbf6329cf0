import { isJsonObject, type JsonObject } from '../patch/json-object.ts'
import { isMember, type FieldSet } from './field-set.ts'
import { fieldOf } from './fields-of.ts'
import { itemElement } from './list-items.ts'
import { fieldElement } from './path-element.ts'
import type { ListType, MapType, StructType, StructuralType } from './structural-type.ts'

/** The object without the fields and items in the set; what is left empty is null. The object is not changed. */
export function removeFields(object: JsonObject, set: FieldSet, type: StructType): JsonObject {
  return fieldsWithout(object, set, type)
}

function valueWithout(value: unknown, set: FieldSet, type: StructuralType): unknown {
  if (type.kind === 'scalar') return value
  if (type.kind === 'list') {
    if (type.atomic || !Array.isArray(value)) return null
    return orNull(itemsWithout(value, set, type))
  }
  if (type.atomic || !isJsonObject(value)) return null
  const left = fieldsWithout(value, set, type)
  return Object.keys(left).length === 0 ? null : left
}

function fieldsWithout(object: JsonObject, set: FieldSet, type: StructType | MapType): JsonObject {
  const left = Object.entries(object).flatMap(([key, value]) => {
    const node = set[fieldElement(key)]
    if (node === undefined) return [[key, value] as const]
    const field = fieldOf(type, key)
    return isMember(node) || field === undefined ? [] : [[key, valueWithout(value, node, field.type)] as const]
  })
  return Object.fromEntries(left)
}

function itemsWithout(list: readonly unknown[], set: FieldSet, type: ListType): unknown[] {
  return list.flatMap((item) => {
    const node = set[itemElement(item, type)]
    if (node === undefined) return [item]
    return isMember(node) ? [] : [valueWithout(item, node, type.item)]
  })
}

function orNull(list: unknown[]): unknown[] | null {
  return list.length === 0 ? null : list
}
