import { splitKey, type KubeObject, type ObjectKey } from '../../../api/object.ts'
import type { Resource } from '../../../api/resource.ts'
import type { Clock } from '../../../base/clock.ts'
import type { Log } from '../../../base/log.ts'
import type { Cache } from '../../../client/cache.ts'
import type { Client } from '../../../client/client.ts'
import { informer } from '../../../client/informer.ts'

export interface FollowDeps {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  /** Ends all watches. */
  readonly signal: AbortSignal
}

interface Followed<T extends KubeObject> {
  readonly cache: Cache<T>
  readonly stop: AbortController
  /** The pods that use it. */
  readonly users: Set<ObjectKey>
}

/**
 * Watches single objects of one kind for as long as a pod uses them: all that the API shows a node of a kind are the
 * objects of its own pods, one by one.
 */
export class FollowedObjects<T extends KubeObject> {
  readonly #resource: Resource<T>
  readonly #deps: FollowDeps
  readonly #changed: (user: ObjectKey) => void
  readonly #followed = new Map<ObjectKey, Followed<T>>()

  /** `changed` is called for each pod that uses an object when that is there, changes or goes. */
  constructor(resource: Resource<T>, deps: FollowDeps, changed: (user: ObjectKey) => void) {
    this.#resource = resource
    this.#deps = deps
    this.#changed = changed
  }

  /** The object as last seen: undefined if it is not there, `unknown` if it is not or not yet watched. */
  get(key: ObjectKey): T | undefined | 'unknown' {
    const cache = this.#followed.get(key)?.cache
    return cache?.hasSynced === true ? cache.get(key) : 'unknown'
  }

  follow(key: ObjectKey, user: ObjectKey): void {
    const known = this.#followed.get(key)
    if (known !== undefined) known.users.add(user)
    else this.#begin(key, user)
  }

  /** The last user that goes ends the watch. */
  unfollow(key: ObjectKey, user: ObjectKey): void {
    const followed = this.#followed.get(key)
    followed?.users.delete(user)
    if (followed?.users.size !== 0) return
    followed.stop.abort()
    this.#followed.delete(key)
  }

  #begin(key: ObjectKey, user: ObjectKey): void {
    const { namespace = '', name } = splitKey(key)
    const { client, clock, log, signal } = this.#deps
    const stop = new AbortController()
    const cache = informer(client, this.#resource, {
      namespace,
      fieldSelector: `metadata.name=${name}`,
      clock,
      log,
      signal: AbortSignal.any([signal, stop.signal]),
    })
    const users = new Set([user])
    cache.onChange(() => users.forEach(this.#changed))
    this.#followed.set(key, { cache, stop, users })
  }
}
