import { apiVersionOf, type Resource } from '../../api/resource.ts'
import { typeNamed, type Schema } from '../../api/schema/schema.ts'
import { definitionsOf, dialectV3, patchName, type Definition } from './definitions.ts'
import { kindsByType, typesOf } from './kinds-by-type.ts'
import { patchTypes, pathsOf, type ApiPath, type Operation } from './operations.ts'
import { pretty, queryParameters, type QueryParameter } from './query-parameters.ts'
import type { ServedResource } from './served-resource.ts'

/** The OpenAPI v3 document of one group and version; `served` holds the resources of that one only. */
export function buildOpenApiV3(served: readonly ServedResource[], schema: Schema): Definition {
  const paths = served.flatMap(pathsOf)
  const kinds = kindsByType(served)
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: `v${schema.release}` },
    paths: Object.fromEntries(paths.map((path) => [path.path, pathItem(path, schema)])),
    components: { schemas: definitionsOf(typesOf(served, paths), schema, { dialect: dialectV3, kinds }) },
  }
}

/** `api/v1`, `apis/apps/v1`: what a group and version are called under `/openapi/v3/`. */
export function groupVersionPath(resource: Pick<Resource, 'group' | 'version'>): string {
  return `${resource.group === '' ? 'api' : 'apis'}/${apiVersionOf(resource)}`
}

/** `/openapi/v3`: where each document is. The hash changes with the document, so that clients can keep it for good. */
export function openApiV3Index(documents: readonly { readonly path: string; readonly hash: string }[]): Definition {
  const paths = documents.map((document) => [document.path, { serverRelativeURL: openApiV3Url(document) }])
  return { paths: Object.fromEntries(paths) }
}

export function openApiV3Url({ path, hash }: { readonly path: string; readonly hash: string }): string {
  return `/openapi/v3/${path}?hash=${hash}`
}

function pathItem({ pathParameters, kind, operations }: ApiPath, schema: Schema): Definition {
  const inPath = pathParameters.map((name) => ({
    name,
    in: 'path',
    description: name === 'name' ? `name of the ${kind}` : 'the namespace of the object',
    required: true,
    schema: { type: 'string', uniqueItems: true },
  }))
  return {
    ...Object.fromEntries(operations.map((operation) => [operation.method, operationItem(operation, schema)])),
    parameters: [...inPath, queryParameter(pretty)],
  }
}

function operationItem(operation: Operation, schema: Schema): Definition {
  const { action, id, tag, description, kind, requestType, responseType } = operation
  const parameters = queryParameters[action].map(queryParameter)
  return {
    tags: [tag],
    description,
    operationId: id,
    ...(parameters.length > 0 && { parameters }),
    ...(requestType !== undefined && { requestBody: { content: requestContent(requestType, schema) } }),
    responses: {
      200: { description: 'OK', ...(responseType !== undefined && { content: jsonContent(responseType, schema) }) },
      401: { description: 'Unauthorized' },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  }
}

function requestContent(type: string, schema: Schema): Definition {
  if (type !== 'patch') return { '*/*': { schema: reference(type, schema) } }
  const content = { schema: { $ref: dialectV3.refPrefix + patchName } }
  return Object.fromEntries(patchTypes.map((mediaType) => [mediaType, content]))
}

function jsonContent(type: string, schema: Schema): Definition {
  return { 'application/json': { schema: reference(type, schema) } }
}

function reference(type: string, schema: Schema): Definition {
  return { $ref: dialectV3.refPrefix + typeNamed(schema, type).openApiName }
}

function queryParameter({ name, type, description }: QueryParameter): Definition {
  return { name, in: 'query', description, schema: { type, uniqueItems: true } }
}
