import { atomicTypes, isAtomicMap, listRule } from '../../api/apply/list-types.ts'
import { patchRule } from '../../api/patch/merge-keys.ts'
import {
  typeNamed,
  type Field,
  type FieldType,
  type ObjectType,
  type Scalar,
  type Schema,
} from '../../api/schema/schema.ts'
import { enumOf } from './enums.ts'
import type { GroupVersionKind } from './served-resource.ts'

/** A JSON schema as OpenAPI writes it: plain JSON. */
export type Definition = Readonly<Record<string, unknown>>

/** Versions 2 and 3 differ in where definitions stand, and in how a reference with a description is written. */
export interface Dialect {
  /** `#/definitions/` */
  readonly refPrefix: string
  /** Whether fields say which texts they take: `kubectl explain` shows it, of version 3 alone. */
  readonly tellsEnums: boolean
  described(reference: string, description: string): Definition
}

export const dialectV2: Dialect = {
  refPrefix: '#/definitions/',
  tellsEnums: false,
  described: ($ref, description) => ({ description, $ref }),
}

export const dialectV3: Dialect = {
  refPrefix: '#/components/schemas/',
  tellsEnums: true,
  described: ($ref, description) => ({ description, allOf: [{ $ref }] }),
}

/** Which definitions are kinds, by type name: they are marked as such. */
export type KindsByType = ReadonlyMap<string, readonly GroupVersionKind[]>

export const patchName = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch'

/** Scalars that upstream has types of their own for. */
const namedScalars: Partial<Record<Scalar, { readonly name: string; readonly definition: Definition }>> = {
  time: {
    name: 'io.k8s.apimachinery.pkg.apis.meta.v1.Time',
    definition: { description: 'A point in time, RFC 3339 in seconds.', type: 'string', format: 'date-time' },
  },
  'micro-time': {
    name: 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime',
    definition: { description: 'A point in time, RFC 3339 in microseconds.', type: 'string', format: 'date-time' },
  },
  quantity: {
    name: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
    definition: { description: 'An amount of a resource, such as 500m, 1.5Gi or 2e3.', type: 'string' },
  },
  'int-or-string': {
    name: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
    definition: { description: 'A number, or a string.', type: 'string', format: 'int-or-string' },
  },
}

const plainScalars: Partial<Record<Scalar, Definition>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  any: { type: 'object' },
}

/** The definitions of the types and of all that they refer to, by OpenAPI name, sorted. */
export function definitionsOf(
  typeNames: readonly string[],
  schema: Schema,
  { dialect, kinds }: { readonly dialect: Dialect; readonly kinds: KindsByType },
): Record<string, Definition> {
  const definitions = new Map<string, Definition>([
    [patchName, { description: 'Patch is what a PATCH request carries.', type: 'object' }],
    ...Object.values(namedScalars).map(({ name, definition }) => [name, definition] as const),
  ])
  for (const name of reachable(typeNames, schema)) {
    const type = typeNamed(schema, name)
    definitions.set(type.openApiName, objectDefinition(name, type, { schema, dialect, kinds }))
  }
  return Object.fromEntries([...definitions].sort(([a], [b]) => (a < b ? -1 : 1)))
}

interface Setting {
  readonly schema: Schema
  readonly dialect: Dialect
  readonly kinds: KindsByType
}

function objectDefinition(name: string, type: ObjectType, setting: Setting): Definition {
  const fields = [...type.fields]
  const required = fields.filter(([, field]) => field.required).map(([field]) => field)
  const properties = fields.map(([key, field]) => {
    const marks = { ...enumMark(name, key, setting), ...listMarks(name, key, field), ...patchMarks(name, key) }
    return [key, { ...fieldDefinition(field, setting), ...marks }] as const
  })
  const kinds = setting.kinds.get(name)
  return {
    description: type.description,
    type: 'object',
    ...(required.length > 0 && { required }),
    ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
    ...(kinds !== undefined && { 'x-kubernetes-group-version-kind': kinds }),
    ...(atomicTypes.has(name) && { 'x-kubernetes-map-type': 'atomic' }),
  }
}

function fieldDefinition({ type, description }: Field, setting: Setting): Definition {
  const definition = typeDefinition(type, setting)
  const { $ref } = definition
  if (typeof $ref === 'string') return description === '' ? definition : setting.dialect.described($ref, description)
  return description === '' ? definition : { description, ...definition }
}

function typeDefinition(type: FieldType, setting: Setting): Definition {
  const { schema, dialect } = setting
  if (typeof type === 'string') {
    const named = namedScalars[type]
    return named === undefined ? { ...plainScalars[type] } : { $ref: dialect.refPrefix + named.name }
  }
  if ('ref' in type) return { $ref: dialect.refPrefix + typeNamed(schema, type.ref).openApiName }
  if ('list' in type) return { type: 'array', items: typeDefinition(type.list, setting) }
  return { type: 'object', additionalProperties: typeDefinition(type.map, setting) }
}

function enumMark(type: string, field: string, { dialect }: Setting): Definition {
  const values = dialect.tellsEnums ? enumOf(type, field) : undefined
  return values === undefined ? {} : { enum: values }
}

/** How server-side apply merges the field. Nothing is said of the items of a List, which nobody applies. */
function listMarks(type: string, field: string, { type: fieldType }: Field): Definition {
  if (typeof fieldType === 'string' || 'ref' in fieldType) return {}
  if ('map' in fieldType) return isAtomicMap(type, field) ? { 'x-kubernetes-map-type': 'atomic' } : {}
  if (type.endsWith('List') && field === 'items') return {}
  const rule = listRule(type, field)
  return {
    ...(rule.type === 'map' && { 'x-kubernetes-list-map-keys': rule.keys }),
    'x-kubernetes-list-type': rule.type,
  }
}

/** What `kubectl apply` needs to know to make a strategic merge patch. */
function patchMarks(type: string, field: string): Definition {
  const rule = patchRule(type, field)
  if (rule === undefined) return {}
  return {
    ...(rule.mergeKey !== undefined && { 'x-kubernetes-patch-merge-key': rule.mergeKey }),
    'x-kubernetes-patch-strategy': rule.strategies.join(','),
  }
}

function reachable(typeNames: readonly string[], schema: Schema): Set<string> {
  const found = new Set<string>()
  const waiting = [...typeNames]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue
    found.add(name)
    for (const { type } of typeNamed(schema, name).fields.values()) waiting.push(...references(type))
  }
  return found
}

function references(type: FieldType): string[] {
  if (typeof type === 'string') return []
  if ('ref' in type) return [type.ref]
  return references('list' in type ? type.list : type.map)
}
