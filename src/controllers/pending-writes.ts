import { isStatus } from '../api/errors.ts'
import { keyOf, splitKey, type KubeObject, type ObjectKey } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { Clock } from '../base/clock.ts'
import type { Cache } from '../client/cache.ts'
import { ConnectionError, type Client } from '../client/client.ts'
import type { Source } from '../client/controller.ts'

export interface PendingWritesOptions<T extends KubeObject> {
  readonly cache: Cache<T>
  readonly client: Client
  readonly resource: Resource<T>
  readonly clock: Clock
}

interface Pending<T> {
  readonly verb: 'create' | 'update' | 'delete'
  /** The object as created, or as it was in the cache before it was changed. */
  readonly object: T
  sinceMs: number
}

export interface SettledOptions<T> {
  /** Whether an object is one that this owner would have created. */
  readonly belongs: (object: T) => boolean
  readonly signal: AbortSignal
}

const verifyAfterMs = 5_000

/**
 * The writes of a controller that its cache has not shown yet, by the key it was reconciling. A controller that acts
 * only while `settled` never takes a lagging cache for a missing object, so it never makes the same thing twice:
 *
 * - a created object is shown once the cache holds its uid, or has held it (`watching` notices one that came and went,
 *   also while the answer to the create was still under way);
 * - an update is made at the version that the cache holds, so the server refuses it when another came in between; any
 *   other version in the cache is therefore ours or later;
 * - a deletion is shown once the uid is gone or marked as being deleted.
 *
 * Upstream counts expected events instead and forgets them after five minutes, because a relist can swallow one. Here
 * the cache is compared with what was written, and a created object that does not appear for 5 s is asked for with a
 * live GET: only its certain absence ends the wait. After a create with unknown outcome the live objects are listed.
 */
export class PendingWrites<T extends KubeObject> {
  readonly #cache: Cache<T>
  readonly #client: Client
  readonly #resource: Resource<T>
  readonly #clock: Clock
  readonly #pending = new Map<ObjectKey, Map<string, Pending<T>>>()
  readonly #uncertain = new Set<ObjectKey>()
  readonly #seenWhileCreating = new Set<string>()
  #creating = 0

  constructor({ cache, client, resource, clock }: PendingWritesOptions<T>) {
    this.#cache = cache
    this.#client = client
    this.#resource = resource
    this.#clock = clock
  }

  /** A source that also tells this object what the cache shows. */
  watching(source: Source): Source {
    return {
      synced: source.synced,
      subscribe: (wake) => {
        const stop = this.#cache.onChange((previous, next) => {
          for (const object of [previous, next]) if (object !== undefined) this.#seen(object.metadata.uid)
        })
        const unsubscribe = source.subscribe(wake)
        return () => {
          unsubscribe()
          stop()
        }
      },
    }
  }

  async create(owner: ObjectKey, write: () => Promise<T>): Promise<T> {
    this.#creating += 1
    try {
      const object = await write()
      if (!this.#seenWhileCreating.has(object.metadata.uid)) this.#add(owner, { verb: 'create', object })
      return object
    } catch (error) {
      if (error instanceof ConnectionError) this.#uncertain.add(owner)
      throw error
    } finally {
      this.#creating -= 1
      if (this.#creating === 0) this.#seenWhileCreating.clear()
    }
  }

  /** `write` must be refused by the server unless the object is still at the version of `previous`. */
  async update(owner: ObjectKey, previous: T, write: () => Promise<T>): Promise<T> {
    const next = await write()
    if (next.metadata.resourceVersion !== previous.metadata.resourceVersion) {
      this.#add(owner, { verb: 'update', object: previous })
    }
    return next
  }

  /** Resolves also when the object was gone already. */
  async delete(owner: ObjectKey, previous: T, write: () => Promise<void>): Promise<void> {
    try {
      await write()
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
    }
    this.#add(owner, { verb: 'delete', object: previous })
  }

  /** Whether the cache shows all that was written for the owner. A change of the cache wakes whoever must wait. */
  async settled(owner: ObjectKey, { belongs, signal }: SettledOptions<T>): Promise<boolean> {
    if (this.#uncertain.has(owner)) await this.#listLive(owner, { belongs, signal })
    const pending = this.#pending.get(owner)
    if (pending === undefined) return true
    for (const [uid, write] of pending) {
      if (this.#shown(write) || (await this.#absent(write, signal))) pending.delete(uid)
    }
    if (pending.size > 0) return false
    this.#pending.delete(owner)
    return true
  }

  forget(owner: ObjectKey): void {
    this.#pending.delete(owner)
    this.#uncertain.delete(owner)
  }

  #add(owner: ObjectKey, { verb, object }: Pick<Pending<T>, 'verb' | 'object'>): void {
    const pending = this.#pending.get(owner) ?? new Map<string, Pending<T>>()
    this.#pending.set(owner, pending)
    pending.set(object.metadata.uid, { verb, object, sinceMs: this.#clock.monotonicMs() })
  }

  #seen(uid: string): void {
    if (this.#creating > 0) this.#seenWhileCreating.add(uid)
    for (const pending of this.#pending.values()) if (pending.get(uid)?.verb === 'create') pending.delete(uid)
  }

  #shown({ verb, object }: Pending<T>): boolean {
    const cached = this.#cache.get(keyOf(object))
    const same = cached?.metadata.uid === object.metadata.uid
    switch (verb) {
      case 'create':
        return same
      case 'update':
        return !same || cached.metadata.resourceVersion !== object.metadata.resourceVersion
      case 'delete':
        return !same || cached.metadata.deletionTimestamp !== undefined
      default:
        return verb satisfies never
    }
  }

  /** Whether a created object that is long in coming has been deleted unseen. */
  async #absent(write: Pending<T>, signal: AbortSignal): Promise<boolean> {
    const nowMs = this.#clock.monotonicMs()
    if (write.verb !== 'create' || nowMs - write.sinceMs < verifyAfterMs) return false
    write.sinceMs = nowMs
    const { namespace, name, uid } = write.object.metadata
    try {
      const live = await this.#client.get(this.#resource, { namespace, name }, { signal })
      return live.metadata.uid !== uid
    } catch (error) {
      if (isStatus(error, 'NotFound')) return true
      throw error
    }
  }

  async #listLive(owner: ObjectKey, { belongs, signal }: SettledOptions<T>): Promise<void> {
    const { namespace } = splitKey(owner)
    const scope = namespace === undefined ? { signal } : { namespace, signal }
    const { items } = await this.#client.list(this.#resource, scope)
    for (const object of items) {
      const known = this.#cache.get(keyOf(object))?.metadata.uid === object.metadata.uid
      if (!known && belongs(object)) this.#add(owner, { verb: 'create', object })
    }
    this.#uncertain.delete(owner)
  }
}
