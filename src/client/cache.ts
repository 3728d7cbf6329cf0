import type { KubeObject, ObjectKey } from '../api/object.ts'

/**
 * The live objects of one kind (perhaps only a namespace or selection of them), as last seen from the API.
 * Objects are shared and must not be changed.
 */
export interface Cache<T extends KubeObject> {
  get(key: ObjectKey): T | undefined
  list(namespace?: string): readonly T[]
  /** The resourceVersion up to which it has taken in changes; of a deletion there is no other. Undefined at first. */
  readonly version: string | undefined
  /** Resolves when the first list is in. */
  readonly synced: Promise<void>
  readonly hasSynced: boolean
  /**
   * Calls back on every change, after the cache has taken it in. `previous` is undefined for a new object, `next` for a
   * deleted one. Objects that are already there are reported at once, before `onChange` returns.
   * Returns the function that ends it.
   */
  onChange(listener: CacheListener<T>): () => void
}

export type CacheListener<T extends KubeObject> = (previous: T | undefined, next: T | undefined) => void
