import { badRequest, unsupportedMediaType } from '../api/errors.ts'
import type { KubeObject } from '../api/object.ts'
import { apiVersionOf } from '../api/resource.ts'
import { decodeObject } from '../api/schema/decode.ts'
import { parseJson, parseYaml } from '../api/schema/parse.ts'
import type { ApiContext } from './context.ts'
import type { ServedForm } from './kind-registry.ts'
import type { ApiRequest } from './request.ts'
import { fieldValidationOf } from './write-options.ts'

type Body = Pick<ApiRequest, 'body' | 'contentType'>

/** The value of a JSON or YAML body. Throws a 400 if it does not parse, a 415 for other media types. */
export function parseBody(request: Body): unknown {
  return parse(request, false).value
}

/** The object in a body: checked against the schema, of the kind that the path names, a copy of the caller's own. */
export function decodeBody(
  context: ApiContext,
  form: ServedForm,
  request: ApiRequest,
): { object: KubeObject; warnings: readonly string[] } {
  const strictness = fieldValidationOf(request.query)
  const { value, duplicates } = parse(request, strictness !== 'Ignore')
  return decodeValue(context, form, value, request, duplicates)
}

/** The same for a value that is already parsed, such as the result of a patch. */
export function decodeValue(
  context: ApiContext,
  form: ServedForm,
  value: unknown,
  request: Pick<ApiRequest, 'query'>,
  duplicates: readonly string[] = [],
): { object: KubeObject; warnings: readonly string[] } {
  const strictness = fieldValidationOf(request.query)
  const typed = withKind(form, value)
  const { kind, version } = form.resource
  const where = `${kind} in version "${version}" cannot be handled as a ${kind}`
  const decoded = decodeObject(typed, form.schema, context.schema)
  if (decoded.error !== undefined) throw badRequest(`${where}: ${decoded.error}`)
  const problems = [...duplicates, ...decoded.unknown]
  if (problems.length > 0 && strictness === 'Strict') {
    throw badRequest(`${where}: strict decoding error: ${problems.join(', ')}`)
  }
  const served = decoded.value as unknown as KubeObject
  served.metadata ??= {} as KubeObject['metadata']
  const object = form.view === undefined ? served : form.view.toStored(served)
  return { object, warnings: strictness === 'Warn' ? problems : [] }
}

function parse(request: Body, findDuplicates: boolean): { value: unknown; duplicates: readonly string[] } {
  const type = request.contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  switch (type) {
    case '':
    case 'application/json':
      return parseJson(request.body, findDuplicates)
    case 'application/yaml':
      return parseYaml(request.body)
    default:
      throw unsupportedMediaType(
        `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml`,
      )
  }
}

/** Fills in kind and apiVersion where the client left them out; refuses others. */
function withKind({ resource }: ServedForm, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest(`the body of the request must be a ${resource.kind} object`)
  }
  const apiVersion = apiVersionOf(resource)
  const given = value as Readonly<Record<string, unknown>>
  const givenKind = given['kind'] ?? resource.kind
  const givenVersion = given['apiVersion'] ?? apiVersion
  if (givenVersion !== apiVersion) {
    throw badRequest(
      `the API version in the data (${String(givenVersion)}) does not match the expected API version (${apiVersion})`,
    )
  }
  if (givenKind !== resource.kind) {
    throw badRequest(`${String(givenKind)} in version "${resource.version}" cannot be handled as a ${resource.kind}: no kind match`)
  }
  return { ...given, kind: givenKind, apiVersion: givenVersion }
}
