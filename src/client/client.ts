import type { Draft, KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'

/**
 * A typed client of any Kubernetes API. Every data plane, controller, agent and command knows the cluster only
 * through it. Failures are `StatusError`s (api/errors.ts) as the server worded them, or `ConnectionError`s.
 */
export interface Client {
  get<T extends KubeObject>(resource: Resource<T>, target: Target, options?: CallOptions): Promise<T>
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<ObjectList<T>>
  /**
   * Changes after `resourceVersion`, until the signal aborts or the server ends the watch.
   * Throws `StatusError` with reason `Expired` (410) when the client must list again, also in mid-stream.
   */
  watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>
  create<T extends KubeObject>(resource: Resource<T>, object: Draft<T>, options?: CallOptions): Promise<T>
  /** Replaces the object; its `resourceVersion` must be current (409 otherwise). */
  update<T extends KubeObject>(resource: Resource<T>, object: T, options?: CallOptions): Promise<T>
  updateStatus<T extends KubeObject>(resource: Resource<T>, object: T, options?: CallOptions): Promise<T>
  patch<T extends KubeObject>(resource: Resource<T>, target: Target, patch: Patch, options?: CallOptions): Promise<T>
  delete(resource: Resource, target: Target, options?: DeleteOptions): Promise<void>
  /** POST to a subresource such as `pods/NAME/binding`. Resolves to the parsed answer. */
  createSubresource(resource: Resource, target: Required<Target>, body: unknown, options?: CallOptions): Promise<unknown>
  /** PUT to a subresource such as `namespaces/NAME/finalize`; `namespace` is left out for cluster-scoped objects. */
  updateSubresource(
    resource: Resource,
    target: Target & { readonly subresource: string },
    body: unknown,
    options?: CallOptions,
  ): Promise<unknown>
}

export interface Target {
  readonly namespace?: string | undefined
  readonly name: string
  readonly subresource?: string
}

export interface CallOptions {
  signal?: AbortSignal
}

export interface ListOptions extends CallOptions {
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  limit?: number
  continue?: string
}

export interface WatchOptions extends CallOptions {
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  resourceVersion: string
  /** Ask for BOOKMARK events, which carry only a newer resourceVersion to resume from. */
  bookmarks?: boolean
}

export interface ObjectList<T extends KubeObject> {
  readonly items: readonly T[]
  readonly resourceVersion: string
  /** Token of the next page; absent on the last. */
  readonly continue?: string
}

export type WatchEvent<T extends KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }

export type Patch =
  | { readonly type: 'merge'; readonly body: unknown }
  | { readonly type: 'strategic'; readonly body: unknown }
  | { readonly type: 'json'; readonly body: readonly JsonPatchOperation[] }

export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

export interface DeleteOptions extends CallOptions {
  gracePeriodSeconds?: number
  propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
  /** Delete only this very object, not a later one of the same name. */
  uid?: string
  resourceVersion?: string
}

/** The server could not be reached or the connection broke; the outcome of a write is unknown. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
}
