import { typeNamed, type FieldType, type Scalar, type Schema } from '../schema/schema.ts'
import { atomicTypes, isAtomicMap, isStanding, keyDefault, listRule, type ListRule } from './list-types.ts'
import { fieldElement, type PathElement } from './path-element.ts'

/** What server-side apply has to know of the value at one place: what it is made of, and what of it has owners. */
export type StructuralType = ScalarType | ListType | StructType | MapType

export interface ScalarType {
  readonly kind: 'scalar'
  readonly scalar: Scalar
}

export interface ListType {
  readonly kind: 'list'
  readonly atomic: boolean
  readonly item: StructuralType
  /** The fields that tell items apart; undefined for a set of plain values, and for atomic lists. */
  readonly keys: readonly ListKey[] | undefined
}

export interface ListKey {
  readonly name: string
  /** What the key counts as in an item without it. */
  readonly default: string | number | undefined
}

/** An object of named fields. */
export interface StructType {
  readonly kind: 'struct'
  readonly atomic: boolean
  readonly fields: ReadonlyMap<string, StructField>
}

export interface StructField {
  /** `f:spec` */
  readonly element: PathElement
  readonly type: StructuralType
  /** Whether the field counts as there even where it is missing: nobody owns the field itself. */
  readonly standing: boolean
}

/** An object of any keys. */
export interface MapType {
  readonly kind: 'map'
  readonly atomic: boolean
  readonly value: StructuralType
}

const compiled = new WeakMap<Schema, Map<string, StructType>>()

/** The structural type of a type in the schema; compiled once. Throws if the schema has no such type. */
export function structuralType(schema: Schema, name: string): StructType {
  const known = compiled.get(schema) ?? new Map<string, StructType>()
  compiled.set(schema, known)
  return structNamed(schema, name, known)
}

function structNamed(schema: Schema, name: string, known: Map<string, StructType>): StructType {
  const before = known.get(name)
  if (before !== undefined) return before
  const fields = new Map<string, StructField>()
  const type: StructType = { kind: 'struct', atomic: atomicTypes.has(name), fields }
  known.set(name, type) // before its fields, for types that contain themselves
  for (const [field, { type: fieldType }] of typeNamed(schema, name).fields) {
    const place: Place = { atomicMap: isAtomicMap(name, field), list: listRule(name, field) }
    const of = (inner: FieldType, at: Place): StructuralType => typeOf(schema, inner, at, known)
    fields.set(field, { element: fieldElement(field), type: of(fieldType, place), standing: isStanding(name, field) })
  }
  return type
}

/** What the tables say of the field at which a list or map stands. */
interface Place {
  readonly atomicMap: boolean
  readonly list: ListRule
}

const anyPlace: Place = { atomicMap: false, list: { type: 'atomic' } }

function typeOf(schema: Schema, type: FieldType, place: Place, known: Map<string, StructType>): StructuralType {
  if (typeof type === 'string') return { kind: 'scalar', scalar: type }
  if ('ref' in type) return structNamed(schema, type.ref, known)
  if ('map' in type) return { kind: 'map', atomic: place.atomicMap, value: typeOf(schema, type.map, anyPlace, known) }
  const item = typeOf(schema, type.list, anyPlace, known)
  const itemType = typeof type.list === 'object' && 'ref' in type.list ? type.list.ref : ''
  return { kind: 'list', atomic: place.list.type === 'atomic', item, keys: keysOf(schema, place.list, itemType) }
}

function keysOf(schema: Schema, rule: ListRule, itemType: string): ListKey[] | undefined {
  if (rule.type !== 'map') return undefined
  const { fields } = typeNamed(schema, itemType)
  return rule.keys.map((name) => {
    const field = fields.get(name)
    const zero = field?.type === 'string' ? '' : 0
    return { name, default: keyDefault(itemType, name) ?? (field?.required === true ? zero : undefined) }
  })
}
