import { badRequest, type StatusError, unsupportedMediaType } from '../api/errors.ts'
import type { KubeObject } from '../api/object.ts'
import { apiVersionOf } from '../api/resource.ts'
import { decodeEnvelope } from '../api/protobuf/envelope.ts'
import { MalformedMessage } from '../api/protobuf/wire.ts'
import { decodeObject } from '../api/schema/decode.ts'
import { duplicateErrors, parseJson, parseYaml } from '../api/schema/parse.ts'
import type { Schema } from '../api/schema/schema.ts'
import type { ApiContext } from './context.ts'
import type { ServedForm } from './kind-registry.ts'
import { mediaTypeOf, protobufMediaType } from './media-type.ts'
import type { ApiRequest } from './request.ts'
import { type FieldValidation, fieldValidationOf } from './write-options.ts'

type Body = Pick<ApiRequest, 'body' | 'contentType' | 'protobuf'>

/**
 * The value of a JSON or YAML body, or of one in protobuf if there is a schema to read it by. Throws a 400 if it does
 * not parse, a 415 for other media types.
 */
export function parseBody(request: Body, schema?: Schema): unknown {
  return parse(request, schema, false).value
}

/** Fields that the JSON of a body has more than once, as `ParsedText` tells them. */
export function duplicatesIn({ body }: Body): readonly string[] {
  return parseJson(body, true).duplicates
}

/** What has to be known of a resource to read a body of it. */
export type BodyForm = Pick<ServedForm, 'resource' | 'schema' | 'view'>

/** The object in a body: checked against the schema, of the kind that the path names, a copy of the caller's own. */
export function decodeBody(
  context: ApiContext,
  form: BodyForm,
  request: ApiRequest,
): { object: KubeObject; warnings: readonly string[] } {
  const strictness = fieldValidationOf(request)
  const { value, duplicates } = parse(request, context.schema, strictness !== 'Ignore')
  return decodeValue(context, form, value, request, duplicates)
}

/** The same for a value that is already parsed, such as the result of a patch. */
export function decodeValue(
  context: ApiContext,
  form: BodyForm,
  value: unknown,
  request: Pick<ApiRequest, 'method' | 'query'>,
  duplicates: readonly string[] = [],
): { object: KubeObject; warnings: readonly string[] } {
  const { kind, version } = form.resource
  const where = `${kind} in version "${version}" cannot be handled as a ${kind}`
  return decodeOr(context, form, value, {
    duplicates,
    strictness: fieldValidationOf(request),
    refusal: (why) => badRequest(`${where}: ${why}`),
  })
}

export interface DecodeOptions {
  /** As `ParsedText` has them. */
  readonly duplicates: readonly string[]
  readonly strictness: FieldValidation
  /** What is thrown of a value that is not of the type, or not exactly where it has to be. */
  refusal(why: string): StatusError
}

/** The same for who words the refusal himself. */
export function decodeOr(
  context: ApiContext,
  form: BodyForm,
  value: unknown,
  { duplicates, strictness, refusal }: DecodeOptions,
): { object: KubeObject; warnings: readonly string[] } {
  const decoded = decodeObject(withKind(form, value), form.schema, context.schema)
  if (decoded.error !== undefined) throw refusal(decoded.error)
  const problems = [...duplicates, ...decoded.unknown]
  if (problems.length > 0 && strictness === 'Strict') {
    const errors = [...duplicateErrors({ duplicates }), ...decoded.unknown]
    throw refusal(`strict decoding error: ${errors.join(', ')}`)
  }
  const served = decoded.value as unknown as KubeObject
  served.metadata ??= {} as KubeObject['metadata']
  const object = form.view === undefined ? served : form.view.toStored(served)
  return { object, warnings: strictness === 'Warn' ? problems : [] }
}

/** The value as a type that is not stored, such as `V1Scale`; unknown fields are left out. Throws a 400. */
export function decodeAs(context: ApiContext, typeName: string, value: unknown): Readonly<Record<string, unknown>> {
  const decoded = decodeObject(value, typeName, context.schema)
  if (decoded.error === undefined) return decoded.value
  throw badRequest(`the body of the request cannot be handled as a ${typeName.replace(/^V1/, '')}: ${decoded.error}`)
}

function parse(
  request: Body,
  schema: Schema | undefined,
  findDuplicates: boolean,
): { value: unknown; duplicates: readonly string[] } {
  switch (mediaTypeOf(request.contentType)) {
    case '':
    case 'application/json':
      return parseJson(request.body, findDuplicates)
    case 'application/yaml':
      return parseYaml(request.body)
    case protobufMediaType:
      return { value: parseProtobuf(request.protobuf, schema), duplicates: [] }
    default:
      throw unknownFormat()
  }
}

function parseProtobuf(bytes: Uint8Array = new Uint8Array(), schema: Schema | undefined): unknown {
  if (schema === undefined) throw unknownFormat()
  try {
    const value = decodeEnvelope(bytes, schema)
    if (value === undefined) throw unknownFormat()
    return value
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error
    throw badRequest(`the body of the request cannot be read as protobuf: ${error.message}`)
  }
}

function unknownFormat(): StatusError {
  return unsupportedMediaType(
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, ' +
      protobufMediaType,
  )
}

/** Fills in kind and apiVersion where the client left them out; refuses others. */
function withKind({ resource }: BodyForm, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest(`the body of the request must be a ${resource.kind} object`)
  }
  const apiVersion = apiVersionOf(resource)
  const given = value as Readonly<Record<string, unknown>>
  const givenKind = given['kind'] ?? resource.kind
  const givenVersion = given['apiVersion'] ?? apiVersion
  if (givenVersion !== apiVersion) {
    throw badRequest(
      `the API version in the data (${nameOf(givenVersion)}) does not match the expected API version (${apiVersion})`,
    )
  }
  if (givenKind !== resource.kind) {
    throw badRequest(`${nameOf(givenKind)} in version "${resource.version}" cannot be handled as a ${resource.kind}: no kind match`)
  }
  return { ...given, kind: givenKind, apiVersion: givenVersion }
}

function nameOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
