/** The shapes of all served types, as generated from the client library by `scripts/generate-schema.ts`. */

export interface Schema {
  /** The Kubernetes release that the shapes were taken from, `1.36`. */
  readonly release: string
  /** By the client library's name, `V1ServicePort`. */
  readonly types: ReadonlyMap<string, ObjectType>
}

export interface ObjectType {
  /** As Go's decoder names it in errors, `v1.ServicePort`. */
  readonly goName: string
  /** As OpenAPI names it, `io.k8s.api.core.v1.ServicePort`. */
  readonly openApiName: string
  readonly description: string
  /** By JSON name, in the order of the client library. */
  readonly fields: ReadonlyMap<string, Field>
}

export interface Field {
  readonly type: FieldType
  readonly required: boolean
  readonly description: string
}

export type FieldType =
  | Scalar
  | { readonly list: FieldType }
  | { readonly map: FieldType }
  /** The name of another type in the schema. */
  | { readonly ref: string }

export type Scalar =
  | 'string'
  | 'boolean'
  | 'int32'
  | 'int64'
  | 'double'
  /** RFC 3339, whole seconds. */
  | 'time'
  /** RFC 3339, microseconds. */
  | 'micro-time'
  /** base64 */
  | 'bytes'
  | 'int-or-string'
  | 'quantity'
  /** Any JSON value, kept as it is. */
  | 'any'

/** The generated file: the same with plain objects for maps, and defaults left out. */
export interface SchemaFile {
  release: string
  types: Record<string, ObjectTypeFile>
}

export interface ObjectTypeFile {
  goName: string
  openApiName: string
  description: string
  fields: Record<string, { type: FieldType; required?: true; description?: string }>
}

export function schemaFrom(file: SchemaFile): Schema {
  const types = Object.entries(file.types).map(([name, type]) => [name, objectTypeFrom(type)] as const)
  return { release: file.release, types: new Map(types) }
}

/** The type of that name. Throws if there is none: names come from kinds and from the schema itself. */
export function typeNamed(schema: Schema, name: string): ObjectType {
  const type = schema.types.get(name)
  if (type === undefined) throw new Error(`the schema has no type ${name}: is it in the list of generate-schema.ts?`)
  return type
}

function objectTypeFrom({ fields, ...type }: ObjectTypeFile): ObjectType {
  const entries = Object.entries(fields).map(
    ([name, { type, required = false, description = '' }]) => [name, { type, required, description }] as const,
  )
  return { ...type, fields: new Map(entries) }
}
