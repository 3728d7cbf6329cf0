import { typeNamed, type Schema } from '../../api/schema/schema.ts'
import { definitionsOf, dialectV2, patchName, type Definition } from './definitions.ts'
import { kindsByType, typesOf } from './kinds-by-type.ts'
import { patchTypes, pathsOf, type ApiPath, type Operation } from './operations.ts'
import { pretty, queryParameters, type Action, type QueryParameter } from './query-parameters.ts'
import type { GroupVersionKind, ServedResource } from './served-resource.ts'

/** The OpenAPI v2 document of all that is served. Typed, as it is also sent in another form than JSON. */
export interface DocumentV2 {
  readonly swagger: '2.0'
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Readonly<Record<string, PathItemV2>>
  readonly definitions: Readonly<Record<string, Definition>>
}

export type PathItemV2 = { readonly parameters: readonly ParameterV2[] } & {
  readonly [Method in Operation['method']]?: OperationV2
}

export interface OperationV2 {
  readonly description: string
  readonly consumes: readonly string[]
  readonly produces: readonly string[]
  readonly schemes: readonly string[]
  readonly tags: readonly string[]
  readonly operationId: string
  readonly parameters: readonly ParameterV2[]
  readonly responses: Readonly<Record<string, { readonly description: string; readonly schema?: Definition }>>
  readonly 'x-kubernetes-action': Action
  readonly 'x-kubernetes-group-version-kind': GroupVersionKind
}

export type ParameterV2 =
  | { readonly in: 'body'; readonly name: 'body'; readonly required: boolean; readonly schema: Definition }
  | {
      readonly in: 'query' | 'path'
      readonly name: string
      readonly type: string
      readonly description: string
      readonly uniqueItems: true
      readonly required?: true
    }

export function buildOpenApiV2(served: readonly ServedResource[], schema: Schema): DocumentV2 {
  const paths = served.flatMap(pathsOf)
  const kinds = kindsByType(served)
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: `v${schema.release}` },
    paths: Object.fromEntries(paths.map((path) => [path.path, pathItem(path, schema)])),
    definitions: definitionsOf(typesOf(served, paths), schema, { dialect: dialectV2, kinds }),
  }
}

function pathItem({ pathParameters, kind, operations }: ApiPath, schema: Schema): PathItemV2 {
  const inPath = pathParameters.map((name) => ({
    in: 'path' as const,
    name,
    type: 'string',
    description: name === 'name' ? `name of the ${kind}` : 'the namespace of the object',
    uniqueItems: true as const,
    required: true as const,
  }))
  return {
    ...Object.fromEntries(operations.map((operation) => [operation.method, operationItem(operation, schema)])),
    parameters: [...inPath, queryParameter(pretty)],
  }
}

function operationItem(operation: Operation, schema: Schema): OperationV2 {
  const { action, id, tag, description, kind, requestType, responseType } = operation
  return {
    description,
    consumes: requestType === 'patch' ? patchTypes : ['*/*'],
    produces: ['application/json'],
    schemes: ['https'],
    tags: [tag],
    operationId: id,
    parameters: [...bodyParameter(requestType, schema), ...queryParameters[action].map(queryParameter)],
    responses: {
      200: { description: 'OK', ...(responseType !== undefined && { schema: reference(responseType, schema) }) },
      401: { description: 'Unauthorized' },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  }
}

function bodyParameter(type: string | undefined, schema: Schema): ParameterV2[] {
  if (type === undefined) return []
  const required = type !== 'V1DeleteOptions'
  return [{ in: 'body', name: 'body', required, schema: reference(type, schema) }]
}

function reference(type: string, schema: Schema): Definition {
  const name = type === 'patch' ? patchName : typeNamed(schema, type).openApiName
  return { $ref: dialectV2.refPrefix + name }
}

function queryParameter({ name, type, description }: QueryParameter): ParameterV2 {
  return { in: 'query', name, type, description, uniqueItems: true }
}
