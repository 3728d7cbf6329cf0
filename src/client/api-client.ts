import type { Draft, KubeObject } from '../api/object.ts'
import { apiVersionOf, resourcePath, type Resource } from '../api/resource.ts'
import {
  ConnectionError,
  type CallOptions,
  type Client,
  type DeleteOptions,
  type ListOptions,
  type ObjectList,
  type Patch,
  type Target,
  type WatchEvent,
  type WatchOptions,
} from './client.ts'
import { jsonLines, parseJson } from './json-lines.ts'
import { errorFromAnswer, errorFromStatus } from './status-answer.ts'
import type { Transport, TransportRequest, TransportResponse } from './transport.ts'

const patchTypes: Readonly<Record<Patch['type'], string>> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
}

/** A client of the API server that `transport` reaches. */
export function apiClient(transport: Transport): Client {
  return new ApiClient(transport)
}

class ApiClient implements Client {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  async get<T extends KubeObject>(resource: Resource<T>, target: Target, options: CallOptions = {}): Promise<T> {
    return (await this.#call({ method: 'GET', path: resourcePath(resource, target) }, options)) as T
  }

  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    const { labelSelector, fieldSelector, limit, continue: token } = options
    const query = queryString({ labelSelector, fieldSelector, limit, continue: token })
    const body = await this.#call({ method: 'GET', path: resourcePath(resource, options) + query }, options)
    return objectList(resource, body as ListBody<T>)
  }

  async *watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    const { labelSelector, fieldSelector, resourceVersion, bookmarks, signal } = options
    const allowWatchBookmarks = bookmarks === true ? true : undefined
    const query = queryString({ watch: true, labelSelector, fieldSelector, resourceVersion, allowWatchBookmarks })
    try {
      const response = await this.#send({ method: 'GET', path: resourcePath(resource, options) + query }, options)
      for await (const line of jsonLines(response.body)) yield watchEvent(line as WatchLine<T>)
    } catch (error) {
      if (signal?.aborted !== true) throw error
    }
  }

  async create<T extends KubeObject>(resource: Resource<T>, object: Draft<T>, options: CallOptions = {}): Promise<T> {
    const { namespace } = object.metadata
    const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object }
    return (await this.#call(json('POST', resourcePath(resource, { namespace }), body), options)) as T
  }

  async update<T extends KubeObject>(resource: Resource<T>, object: T, options: CallOptions = {}): Promise<T> {
    const { namespace, name } = object.metadata
    return (await this.#call(json('PUT', resourcePath(resource, { namespace, name }), object), options)) as T
  }

  async updateStatus<T extends KubeObject>(resource: Resource<T>, object: T, options: CallOptions = {}): Promise<T> {
    const { namespace, name } = object.metadata
    const path = resourcePath(resource, { namespace, name, subresource: 'status' })
    return (await this.#call(json('PUT', path, object), options)) as T
  }

  async patch<T extends KubeObject>(
    resource: Resource<T>,
    target: Target,
    patch: Patch,
    options: CallOptions = {},
  ): Promise<T> {
    const request = json('PATCH', resourcePath(resource, target), patch.body)
    return (await this.#call({ ...request, contentType: patchTypes[patch.type] }, options)) as T
  }

  async delete(resource: Resource, target: Target, options: DeleteOptions = {}): Promise<void> {
    await this.#call(json('DELETE', resourcePath(resource, target), deleteOptions(options)), options)
  }

  createSubresource(
    resource: Resource,
    target: Required<Target>,
    body: unknown,
    options: CallOptions = {},
  ): Promise<unknown> {
    return this.#call(json('POST', resourcePath(resource, target), body), options)
  }

  updateSubresource(
    resource: Resource,
    target: Target & { readonly subresource: string },
    body: unknown,
    options: CallOptions = {},
  ): Promise<unknown> {
    return this.#call(json('PUT', resourcePath(resource, target), body), options)
  }

  async #call(request: TransportRequest, options: CallOptions): Promise<unknown> {
    const { body } = await this.#send(request, options)
    return parseJson(await textOf(body))
  }

  /** Throws what the server says of a failed request. */
  async #send(request: TransportRequest, { signal }: CallOptions): Promise<TransportResponse> {
    const response = await this.#transport(signal === undefined ? request : { ...request, signal })
    if (response.status < 400) return response
    throw errorFromAnswer(response.status, await textOf(response.body))
  }
}

interface ListBody<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string }
  readonly items?: readonly T[] | null
}

type WatchLine<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: T }
  | { readonly type: 'ERROR'; readonly object: object }

function json(method: TransportRequest['method'], path: string, body: unknown): TransportRequest {
  return { method, path, contentType: 'application/json', body: JSON.stringify(body) }
}

/** Lists leave `apiVersion` and `kind` out of their items; here every object has them. */
function objectList<T extends KubeObject>(resource: Resource<T>, { metadata = {}, items }: ListBody<T>): ObjectList<T> {
  const apiVersion = apiVersionOf(resource)
  const token = metadata.continue
  return {
    items: (items ?? []).map((item) => ({ ...item, apiVersion, kind: resource.kind })),
    resourceVersion: metadata.resourceVersion ?? '',
    ...(token === undefined || token === '' ? {} : { continue: token }),
  }
}

function watchEvent<T extends KubeObject>(line: WatchLine<T>): WatchEvent<T> {
  switch (line.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: line.type, object: line.object }
    case 'BOOKMARK':
      return { type: 'BOOKMARK', resourceVersion: line.object.metadata.resourceVersion }
    case 'ERROR':
      throw errorFromStatus(line.object, 500)
    default:
      throw new ConnectionError(`the server sent an unknown watch event: ${JSON.stringify(line satisfies never)}`)
  }
}

function deleteOptions({ gracePeriodSeconds, propagationPolicy, uid, resourceVersion }: DeleteOptions) {
  const preconditions = uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion }
  return { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds, propagationPolicy, preconditions }
}

/** `?a=1&b=2` of what is set; '' if nothing is. */
function queryString(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const set = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '')
  const query = new URLSearchParams(set.map(([name, value]) => [name, String(value)])).toString()
  return query === '' ? '' : `?${query}`
}

async function textOf(body: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const piece of body) text += piece
  return text
}
