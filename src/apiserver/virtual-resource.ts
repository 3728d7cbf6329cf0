import { methodNotAllowed, pathNotFound } from '../api/errors.ts'
import type { KubeObject } from '../api/object.ts'
import { apiVersionOf, type Resource } from '../api/resource.ts'
import { decodeBody } from './body.ts'
import type { ApiContext } from './context.ts'
import { type ApiRequest, type ApiResponse, json, type User } from './request.ts'
import type { ResourcePath, Verb } from './request-info.ts'

/** A kind of which nothing is stored: posting an object asks a question, and the answer is the object with a status. */
export interface VirtualResource {
  readonly resource: Resource
  /** Name of its type in the generated schema. */
  readonly schema: string
  /** The status. Throws `StatusError`. */
  answer(context: ApiContext, question: Question): Promise<object> | object
}

export interface Question {
  /** What was posted, of the resource's type. */
  readonly object: KubeObject
  readonly namespace: string | undefined
  readonly user: User
}

/** POST of a virtual resource, the only verb that it has. */
export async function serveVirtual(
  context: ApiContext,
  virtual: VirtualResource,
  { request, path, verb }: { request: ApiRequest; path: ResourcePath; verb: Verb },
): Promise<ApiResponse> {
  const { resource, schema } = virtual
  const { namespace } = path
  const isInScope = (namespace !== undefined) === resource.namespaced
  if (!isInScope || path.name !== undefined) throw pathNotFound()
  if (verb !== 'create') throw methodNotAllowed()
  const { object, warnings } = decodeBody(context, { resource, schema, view: undefined }, request)
  const status = await virtual.answer(context, { object, namespace, user: request.user })
  const metadata = { ...object.metadata, ...(namespace !== undefined && { namespace }) }
  return json({ ...object, kind: resource.kind, apiVersion: apiVersionOf(resource), metadata, status }, 201, warnings)
}
