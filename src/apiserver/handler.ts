import { internalError, methodNotSupported, pathNotFound, StatusError } from '../api/errors.ts'
import { authorize } from './authorization.ts'
import type { ApiContext, ResourceRequest } from './context.ts'
import { type ApiRequest, type ApiResponse, type Handler, json } from './request.ts'
import { parseResourcePath, type Verb, verbOf } from './request-info.ts'
import { serveNonResource } from './non-resource.ts'
import { subresources } from './subresources/index.ts'
import type { Subresource } from './subresources/subresource.ts'
import { create } from './verbs/create.ts'
import { deleteCollection } from './verbs/delete-collection.ts'
import { deleteOne } from './verbs/delete.ts'
import { get } from './verbs/get.ts'
import { list } from './verbs/list.ts'
import { patch } from './verbs/patch.ts'
import { objectScope, update } from './verbs/update.ts'
import { watch } from './verbs/watch.ts'

/** The Kubernetes API over a store, without any socket. Every failure is answered with a `Status`. */
export function apiHandler(context: ApiContext): Handler {
  return async (request) => {
    try {
      const found = await resolveResource(context, request)
      if (found === undefined) return await serveNonResource(context, request)
      const { resource, verb, subresource } = found
      if (subresource !== undefined) return await subresource.serve(context, resource, verb)
      return await serveVerb(context, resource, verb)
    } catch (error) {
      return failure(context, request, error)
    }
  }
}

export interface ResolvedResource {
  readonly resource: ResourceRequest
  readonly verb: Verb
  readonly subresource: Subresource | undefined
}

/**
 * What a request is about, once it is known that the user may ask for it. Undefined for paths that name no resource.
 * Throws 403, 404 and 405.
 */
export async function resolveResource(context: ApiContext, request: ApiRequest): Promise<ResolvedResource | undefined> {
  const path = parseResourcePath(request.path)
  if (path === undefined) return undefined
  const verb = verbOf(request.method, path, request.query)
  if (verb === undefined) throw methodNotSupported(path, request.method)
  authorize(request.user, verb, path)
  const form = context.kinds.find(path)
  if (form === undefined) throw pathNotFound()
  const { kind } = form
  if (path.namespace !== undefined && !kind.resource.namespaced) throw pathNotFound()
  if (path.name !== undefined && kind.resource.namespaced && path.namespace === undefined) throw pathNotFound()
  const resource = { request, path, form, kind }
  if (path.subresource === undefined) return { resource, verb, subresource: undefined }
  const subresource = subresources.find(({ name, appliesTo }) => name === path.subresource && appliesTo({ kind }))
  if (subresource === undefined) throw pathNotFound()
  if (!subresource.verbs.includes(verb)) throw methodNotSupported(path, verb)
  return { resource, verb, subresource }
}

function serveVerb(context: ApiContext, resource: ResourceRequest, verb: Verb): Promise<ApiResponse> {
  switch (verb) {
    case 'get':
      return get(context, resource)
    case 'list':
      return list(context, resource)
    case 'watch':
      return watch(context, resource)
    case 'create':
      return resource.path.name === undefined ? create(context, resource) : refuseNamedCreate(resource)
    case 'update':
      return update(context, resource, objectScope)
    case 'patch':
      return patch(context, resource, objectScope)
    case 'delete':
      return deleteOne(context, resource)
    case 'deletecollection':
      return deleteCollection(context, resource)
    default:
      return verb satisfies never
  }
}

async function refuseNamedCreate({ path }: ResourceRequest): Promise<never> {
  throw methodNotSupported(path, 'create')
}

function failure(context: ApiContext, request: ApiRequest, error: unknown): ApiResponse {
  if (error instanceof StatusError) return json(error.status, error.code)
  const { method, path } = request
  context.log.error({ method, path, error }, 'request failed')
  const status = internalError(error instanceof Error ? error : new Error(String(error)))
  return json(status.status, 500)
}
