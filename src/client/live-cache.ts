import type { KubeObject, ObjectKey } from '../api/object.ts'
import type { Log } from '../base/log.ts'
import type { Cache, CacheListener } from './cache.ts'
import { ObjectIndex, type Change } from './object-index.ts'

/** A `Cache` that is told of changes. A listener that throws is logged and stops nobody else. */
export class LiveCache<T extends KubeObject> implements Cache<T> {
  readonly index = new ObjectIndex<T>()
  readonly synced: Promise<void>
  readonly #resolveSynced: () => void
  readonly #log: Log
  readonly #listeners = new Set<CacheListener<T>>()
  #hasSynced = false
  #version: string | undefined

  constructor(log: Log) {
    this.#log = log
    const { promise, resolve } = Promise.withResolvers<void>()
    this.synced = promise
    this.#resolveSynced = resolve
  }

  get version(): string | undefined {
    return this.#version
  }

  get hasSynced(): boolean {
    return this.#hasSynced
  }

  get(key: ObjectKey): T | undefined {
    return this.index.get(key)
  }

  list(namespace?: string): readonly T[] {
    return this.index.list(namespace)
  }

  onChange(listener: CacheListener<T>): () => void {
    // A subscription of its own, so that one function can listen twice.
    const subscription: CacheListener<T> = (previous, next) => listener(previous, next)
    this.#listeners.add(subscription)
    for (const object of this.index.list()) this.#tell(subscription, undefined, object)
    return () => this.#listeners.delete(subscription)
  }

  /** Takes all changes in, then reports them: a listener sees the cache as it is after the last of them, of that version. */
  apply(changes: readonly Change<T>[], version?: string): void {
    this.#version = version ?? this.#version
    for (const change of changes) this.index.apply(change)
    // Who subscribes while being told has been given the present state already.
    const listeners = [...this.#listeners]
    for (const { previous, next } of changes) {
      for (const listener of listeners) if (this.#listeners.has(listener)) this.#tell(listener, previous, next)
    }
  }

  markSynced(): void {
    this.#hasSynced = true
    this.#resolveSynced()
  }

  #tell(listener: CacheListener<T>, previous: T | undefined, next: T | undefined): void {
    try {
      listener(previous, next)
    } catch (error) {
      const { namespace, name } = (next ?? previous)?.metadata ?? {}
      this.#log.error({ err: error, namespace, name }, 'a listener of the cache failed')
    }
  }
}
