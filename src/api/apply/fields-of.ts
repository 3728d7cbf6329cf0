import { isJsonObject, type JsonObject } from '../patch/json-object.ts'
import { emptySet, isEmptySet, leaf, nodeOf, type Children, type FieldSet } from './field-set.ts'
import { itemsByElement } from './list-items.ts'
import { fieldElement } from './path-element.ts'
import type { ListType, MapType, StructField, StructType, StructuralType } from './structural-type.ts'

/**
 * The fields that an applied configuration sets: every leaf, every item of a list or map; not the named fields that
 * merely hold others. (structured-merge-diff `ToFieldSet`)
 */
export function fieldsSetBy(object: JsonObject, type: StructType): FieldSet {
  return type.atomic ? emptySet : objectChildren(object, type)
}

/** The same for a value below the root; undefined if it sets nothing. An item of a list or map is itself set. */
function fieldsAt(value: unknown, type: StructuralType, isItem: boolean): FieldSet | undefined {
  if (type.kind === 'scalar' || type.atomic || value === null) return leaf
  if (type.kind === 'list') {
    return Array.isArray(value) ? nodeOf(isItem, listChildren(value, type)) : leaf
  }
  if (!isJsonObject(value)) return leaf
  return nodeOf(isItem || isEmptySet(value as FieldSet), objectChildren(value, type))
}

function objectChildren(object: JsonObject, type: StructType | MapType): Children {
  const children: Children = {}
  for (const [key, value] of Object.entries(object)) {
    const field = fieldOf(type, key)
    if (field === undefined || value === undefined) continue
    const node = fieldsAt(value, field.type, type.kind === 'map')
    if (node !== undefined) children[field.element] = node
  }
  return children
}

function listChildren(list: readonly unknown[], type: ListType): Children {
  const children: Children = {}
  for (const [element, items] of itemsByElement(list, type)) {
    children[element] = items.length > 1 ? leaf : (fieldsAt(items[0], type.item, true) ?? leaf)
  }
  return children
}

/** A value with everything that is in it, named fields included, as one that has just been added or removed. */
export function everythingAt(value: unknown, type: StructuralType): FieldSet {
  if (type.kind === 'scalar' || type.atomic) return leaf
  const node: Children = { '.': leaf }
  let isLeaf = true
  if (type.kind === 'list') {
    for (const [element, items] of itemsByElement(Array.isArray(value) ? value : [], type)) {
      node[element] = items.length > 1 ? leaf : everythingAt(items[0], type.item)
      isLeaf = false
    }
  } else if (isJsonObject(value)) {
    for (const key in value) {
      const field = fieldOf(type, key)
      if (field === undefined || value[key] === undefined) continue
      node[field.element] = everythingAt(value[key], field.type)
      isLeaf = false
    }
  }
  return isLeaf ? leaf : node
}

/** The field of that name or key; undefined if the type has none. */
export function fieldOf(type: StructType | MapType, key: string): StructField | undefined {
  return type.kind === 'map' ? { element: fieldElement(key), type: type.value, standing: false } : type.fields.get(key)
}

/**
 * The set together with every named field that holds one of its fields, so that taking a set away also takes objects
 * of which nothing is left. (structured-merge-diff `EnsureNamedFieldsAreMembers`)
 */
export function withNamedFields(set: FieldSet, type: StructuralType | undefined): FieldSet {
  const children: Children = {}
  for (const [element, node] of Object.entries(set)) {
    if (element === '.') children[element] = node
    else children[element] = withNamedFieldsAt(element, node, type)
  }
  return children
}

function withNamedFieldsAt(element: string, node: FieldSet, type: StructuralType | undefined): FieldSet {
  if (isEmptySet(node)) return node
  const name = element.startsWith('f:') ? element.slice(2) : undefined
  const inner = innerType(type, name)
  const below = withNamedFields(node, inner)
  const isNamed = type?.kind === 'struct' && name !== undefined && type.fields.has(name)
  return isNamed && !('.' in below) ? { '.': leaf, ...below } : below
}

/** The type under an element; undefined where the element does not fit the type. */
function innerType(type: StructuralType | undefined, name: string | undefined): StructuralType | undefined {
  if (type === undefined || type.kind === 'scalar') return undefined
  if (type.kind === 'list') return name === undefined ? type.item : undefined
  return name === undefined ? undefined : fieldOf(type, name)?.type
}
