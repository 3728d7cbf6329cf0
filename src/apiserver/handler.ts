import { internalError, methodNotAllowed, pathNotFound, StatusError } from '../api/errors.ts'
import type { Kind } from '../api/kind.ts'
import { resourceAttributes } from './authorization/attributes.ts'
import { requireAllowed } from './authorization/require-allowed.ts'
import type { ApiContext, ResourceRequest } from './context.ts'
import type { ServedForm } from './kind-registry.ts'
import { measured } from './metrics/measured.ts'
import { type ApiRequest, type ApiResponse, type Handler, json } from './request.ts'
import { parseResourcePath, type ResourcePath, type Verb, verbOf } from './request-info.ts'
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
import { serveVirtual } from './virtual-resource.ts'
import { findVirtualResource } from './virtual-resources.ts'

/** The Kubernetes API over a store, without any socket. Every failure is answered with a `Status`. */
export function apiHandler(context: ApiContext): Handler {
  const answered: Handler = async (request) => {
    const warnings = new Set<string>()
    const answer = await serve(context, request, warnings).catch((error) => failure(context, request, error))
    for (const text of answer.warnings ?? []) warnings.add(text)
    return warnings.size === 0 ? answer : { ...answer, warnings: [...warnings] }
  }
  return measured(answered, context)
}

async function serve(context: ApiContext, request: ApiRequest, warnings: Set<string>): Promise<ApiResponse> {
  const asked = allowedRequest(context, request)
  if (asked === undefined) return serveNonResource(context, request)
  const virtual = findVirtualResource(asked.path)
  if (virtual !== undefined) return serveVirtual(context, virtual, asked)
  const { resource, verb, subresource } = resolve(context, asked, warnings)
  const deprecation = deprecationOf(resource.form, subresource)
  if (deprecation !== undefined) warnings.add(deprecation)
  return subresource === undefined ? serveVerb(context, resource, verb) : subresource.serve(context, resource, verb)
}

/** Every answer about a deprecated form says so, failures too; a subresource does if its body is of the form. */
function deprecationOf({ kind, view }: ServedForm, subresource: Subresource | undefined): string | undefined {
  if (subresource !== undefined && subresource.kind !== '') return undefined
  return view === undefined ? kind.deprecation : view.deprecation
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
  const asked = allowedRequest(context, request)
  return asked && resolve(context, asked, new Set())
}

interface AllowedRequest {
  readonly request: ApiRequest
  readonly path: ResourcePath
  readonly verb: Verb
}

/** The path and verb of a request that the user may make. Undefined for paths that name no resource. Throws 403 and 405. */
function allowedRequest({ access }: ApiContext, request: ApiRequest): AllowedRequest | undefined {
  const path = parseResourcePath(request.path)
  if (path === undefined) return undefined
  const verb = verbOf(request.method, path, request.query)
  if (verb === undefined) throw methodNotAllowed()
  requireAllowed(access.authorizer, resourceAttributes(request, verb, path))
  return { request, path, verb }
}

function resolve(
  context: ApiContext,
  { request, path, verb }: AllowedRequest,
  warnings: Set<string>,
): ResolvedResource {
  const form = context.kinds.find(path)
  if (form === undefined) throw pathNotFound()
  const { kind } = form
  if (path.namespace !== undefined && !kind.resource.namespaced) throw pathNotFound()
  if (path.name !== undefined && kind.resource.namespaced && path.namespace === undefined) throw pathNotFound()
  const resource = { request, path, form, kind, warnings }
  if (path.subresource === undefined) {
    if (!isServed(verb, path, kind)) throw methodNotAllowed()
    return { resource, verb, subresource: undefined }
  }
  const subresource = subresources.find(({ name, appliesTo }) => name === path.subresource && appliesTo({ kind }))
  if (subresource === undefined) throw pathNotFound()
  if (!subresource.verbs.includes(verb)) throw methodNotAllowed()
  return { resource, verb, subresource }
}

/** Objects are created in the collection of a namespace, which may be deleted, and replaced and patched by name. */
function isServed(verb: Verb, { name, namespace }: ResourcePath, { resource, keepsCollection }: Kind): boolean {
  const isWhole = namespace !== undefined || !resource.namespaced
  switch (verb) {
    case 'create':
      return name === undefined && isWhole
    case 'update':
    case 'patch':
      return name !== undefined
    case 'deletecollection':
      return isWhole && keepsCollection !== true
    case 'get':
    case 'list':
    case 'watch':
    case 'delete':
      return true
    default:
      return verb satisfies never
  }
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
      return create(context, resource)
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

function failure(context: ApiContext, request: ApiRequest, error: unknown): ApiResponse {
  if (error instanceof StatusError) return json(error.status, error.code)
  const { method, path } = request
  context.log.error({ method, path, error }, 'request failed')
  const status = internalError(error instanceof Error ? error : new Error(String(error)))
  return json(status.status, 500)
}
