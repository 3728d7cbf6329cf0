/**
 * The OpenAPI v2 document in the protobuf form of gnostic's `openapi.v2.Document`, which kubectl up to 1.26 asks for
 * before it creates anything. Only what our documents hold is written.
 */
import protobuf from 'protobufjs/minimal.js'
import type { Definition } from './definitions.ts'
import type { DocumentV2, OperationV2, ParameterV2, PathItemV2 } from './v2.ts'

type Writer = protobuf.Writer
type Write<T> = (writer: Writer, value: T) => void

export function encodeOpenApiV2({ swagger, info, paths, definitions }: DocumentV2): Uint8Array {
  const writer = protobuf.Writer.create()
  string(writer, 1, swagger)
  message(writer, 2, info, writeInfo)
  message(writer, 8, paths, (to, items) => named(to, 2, items, writePathItem))
  message(writer, 9, definitions, (to, items) => named(to, 1, items, writeSchema))
  return writer.finish()
}

const writeInfo: Write<DocumentV2['info']> = (writer, { title, version }) => {
  string(writer, 1, title)
  string(writer, 2, version)
}

const methodFields = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const

const writePathItem: Write<PathItemV2> = (writer, item) => {
  for (const method of ['get', 'put', 'post', 'delete', 'patch'] as const) {
    const operation = item[method]
    if (operation !== undefined) message(writer, methodFields[method], operation, writeOperation)
  }
  for (const parameter of item.parameters) message(writer, 9, parameter, writeParametersItem)
}

const writeOperation: Write<OperationV2> = (writer, operation) => {
  strings(writer, 1, operation.tags)
  string(writer, 3, operation.description)
  string(writer, 5, operation.operationId)
  strings(writer, 6, operation.produces)
  strings(writer, 7, operation.consumes)
  for (const parameter of operation.parameters) message(writer, 8, parameter, writeParametersItem)
  message(writer, 9, operation.responses, (to, responses) => named(to, 1, responses, writeResponseValue))
  strings(writer, 10, operation.schemes)
  extensions(writer, 13, operation)
}

/** ParametersItem.parameter, and in it the kind of parameter. */
const writeParametersItem: Write<ParameterV2> = (writer, parameter) => message(writer, 1, parameter, writeParameter)

const writeParameter: Write<ParameterV2> = (writer, parameter) => {
  if (parameter.in === 'body') {
    message(writer, 1, parameter, (to, { name, required, schema }) => {
      string(to, 2, name)
      string(to, 3, 'body')
      bool(to, 4, required)
      message(to, 5, schema, writeSchema)
    })
  } else {
    message(writer, 2, parameter, (to, nonBody) => message(to, nonBody.in === 'query' ? 3 : 4, nonBody, writeNonBody))
  }
}

/** The fields of query and path parameters are numbered alike up to the name, and one apart from there. */
const writeNonBody: Write<Exclude<ParameterV2, { in: 'body' }>> = (writer, parameter) => {
  const [type, uniqueItems] = parameter.in === 'query' ? [6, 20] : [5, 19]
  bool(writer, 1, parameter.required ?? false)
  string(writer, 2, parameter.in)
  string(writer, 3, parameter.description)
  string(writer, 4, parameter.name)
  string(writer, type, parameter.type)
  bool(writer, uniqueItems, parameter.uniqueItems)
}

/** ResponseValue.response */
const writeResponseValue: Write<OperationV2['responses'][string]> = (writer, response) => {
  message(writer, 1, response, (to, { description, schema }) => {
    string(to, 1, description)
    if (schema !== undefined) message(to, 2, schema, writeWrappedSchema)
  })
}

/** Takes the keywords that our definitions use; one that it does not know is a mistake. */
const writeSchema: Write<Definition> = (writer, definition) => {
  for (const [keyword, value] of Object.entries(definition)) {
    if (keyword.startsWith('x-')) continue
    const write = schemaKeywords[keyword]
    if (write === undefined) throw new Error(`no protobuf field is known for ${keyword}`)
    write(writer, value)
  }
  extensions(writer, 31, definition)
}

/** AdditionalPropertiesItem, ItemsItem and SchemaItem hold their schema alike. */
const writeWrappedSchema: Write<Definition> = (writer, definition) => message(writer, 1, definition, writeSchema)

const schemaKeywords: Readonly<Record<string, Write<unknown>>> = {
  $ref: (writer, value) => string(writer, 1, String(value)),
  format: (writer, value) => string(writer, 2, String(value)),
  description: (writer, value) => string(writer, 4, String(value)),
  required: (writer, value) => strings(writer, 19, value as string[]),
  additionalProperties: (writer, value) => message(writer, 21, value as Definition, writeWrappedSchema),
  type: (writer, value) => message(writer, 22, String(value), (to, type) => string(to, 1, type)),
  items: (writer, value) => message(writer, 23, value as Definition, writeWrappedSchema),
  properties: (writer, value) =>
    message(writer, 25, value as Record<string, Definition>, (to, properties) => named(to, 1, properties, writeSchema)),
}

/** NamedAny entries; values are written as YAML, of which JSON is a part. */
function extensions(writer: Writer, field: number, object: object): void {
  for (const [name, value] of Object.entries(object)) {
    if (!name.startsWith('x-')) continue
    message(writer, field, value, (to) => {
      string(to, 1, name)
      message(to, 2, value, (any) => string(any, 2, `${JSON.stringify(value)}\n`))
    })
  }
}

/** Entries of a map as messages of name and value. */
function named<T>(writer: Writer, field: number, entries: Readonly<Record<string, T>>, write: Write<T>): void {
  for (const entry of Object.entries(entries)) {
    message(writer, field, entry, (to, [name, value]) => {
      string(to, 1, name)
      message(to, 2, value, write)
    })
  }
}

function message<T>(writer: Writer, field: number, value: T, write: Write<T>): void {
  writer.uint32((field << 3) | 2).fork()
  write(writer, value)
  writer.ldelim()
}

function strings(writer: Writer, field: number, values: readonly string[]): void {
  for (const value of values) string(writer, field, value)
}

function string(writer: Writer, field: number, value: string): void {
  writer.uint32((field << 3) | 2).string(value)
}

function bool(writer: Writer, field: number, value: boolean): void {
  if (value) writer.uint32(field << 3).bool(value)
}
