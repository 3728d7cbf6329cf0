import type { KubeObject, ObjectKey } from '../api/object.ts'
import type { Cache } from './cache.ts'

/**
 * Drives one kind of desired state towards the observed one. `reconcile` is told only which key to look at, reads
 * the caches, and writes what is missing; being called twice for the same state, it writes nothing the second time.
 * A key is never reconciled twice at once; a throw means "again, later" with back-off.
 */
export interface Controller {
  readonly name: string
  readonly wakesOn: readonly Source[]
  /** Keys reconciled in parallel; 4 unless given. */
  readonly workers?: number
  /** Of keys that wait, those of higher numbers come first; all are equal unless given. */
  priorityOf?(key: ObjectKey): number
  reconcile(key: ObjectKey, signal: AbortSignal): Promise<Outcome | void>
}

/** Ask to be called again for the same key after a time, though nothing has changed. */
export interface Outcome {
  readonly againInMs: number
}

/** A cache whose changes wake a controller, and the keys that a changed object concerns. */
export interface Source {
  readonly synced: Promise<void>
  subscribe(wake: (key: ObjectKey) => void): () => void
}

/** Wakes on every change of the cache; `keys` is asked for the old and the new object, so that moves concern both. */
export function from<T extends KubeObject>(cache: Cache<T>, keys: (object: T) => readonly ObjectKey[]): Source {
  return {
    synced: cache.synced,
    subscribe: (wake) =>
      cache.onChange((previous, next) => {
        for (const object of [previous, next]) if (object !== undefined) keys(object).forEach(wake)
      }),
  }
}
