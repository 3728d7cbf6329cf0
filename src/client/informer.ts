import { StatusError } from '../api/errors.ts'
import { keyOf, type KubeObject } from '../api/object.ts'
import { groupResource, type Resource } from '../api/resource.ts'
import { Backoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Cache } from './cache.ts'
import type { Client, WatchEvent } from './client.ts'
import { LiveCache } from './live-cache.ts'
import { changesTo, changesToList, type Change } from './object-index.ts'

export interface InformerOptions<T extends KubeObject> {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Reduces an object to what is needed of it before it is kept. Must keep `metadata`, and must not throw. */
  readonly transform?: (object: T) => T
  readonly log: Log
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Numbers in [0, 1) that spread the retries of many informers. */
  readonly random?: () => number
}

const pageSize = 500

/**
 * Lists the objects and then watches them, until the signal aborts. A broken watch resumes where it was; if the
 * server cannot resume there (410), or refuses in another way, the objects are listed again and what vanished in
 * between is reported as deleted. Listeners are told of each state of an object once.
 */
export function informer<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  options: InformerOptions<T>,
): Cache<T> {
  const log = options.log.child({ informer: groupResource(resource) })
  const cache = new LiveCache<T>(log)
  void new Reflector(client, resource, { ...options, log }, cache).run()
  return cache
}

/** What one watch event does to the object it is about. Pure. */
export function foldEvent<T extends KubeObject>(
  known: T | undefined,
  event: Exclude<WatchEvent<T>, { type: 'BOOKMARK' }>,
): Change<T>[] {
  return changesTo(known, event.type === 'DELETED' ? undefined : event.object)
}

class Reflector<T extends KubeObject> {
  readonly #client: Client
  readonly #resource: Resource<T>
  readonly #options: InformerOptions<T>
  readonly #cache: LiveCache<T>
  readonly #backoff = new Backoff({ baseMs: 50, maxMs: 10_000 })
  /** Where to resume; undefined when the objects must be listed. */
  #version: string | undefined
  #failing = false

  constructor(client: Client, resource: Resource<T>, options: InformerOptions<T>, cache: LiveCache<T>) {
    this.#client = client
    this.#resource = resource
    this.#options = options
    this.#cache = cache
  }

  /** Never rejects: what fails is logged and tried again. */
  async run(): Promise<void> {
    const { signal } = this.#options
    while (!signal.aborted) {
      try {
        this.#version ??= await this.#list()
        await this.#watch(this.#version)
      } catch (error) {
        if (signal.aborted) return
        this.#fail(error)
      }
      await this.#pause()
    }
  }

  async #list(): Promise<string> {
    const items: T[] = []
    let page = await this.#client.list(this.#resource, { ...this.#scope(), limit: pageSize })
    items.push(...page.items)
    while (page.continue !== undefined) {
      page = await this.#client.list(this.#resource, { ...this.#scope(), limit: pageSize, continue: page.continue })
      items.push(...page.items)
    }
    this.#cache.apply(changesToList(this.#cache.index, items.map((item) => this.#reduce(item))), page.resourceVersion)
    this.#cache.markSynced()
    this.#recover()
    return page.resourceVersion
  }

  async #watch(resourceVersion: string): Promise<void> {
    const options = { ...this.#scope(), resourceVersion, bookmarks: true }
    for await (const event of this.#client.watch(this.#resource, options)) {
      this.#recover()
      this.#version = event.type === 'BOOKMARK' ? event.resourceVersion : this.#apply(event)
    }
  }

  #apply(event: Exclude<WatchEvent<T>, { type: 'BOOKMARK' }>): string {
    const { resourceVersion } = event.object.metadata
    const object = this.#reduce(event.object)
    this.#cache.apply(foldEvent(this.#cache.get(keyOf(object)), { type: event.type, object }), resourceVersion)
    return resourceVersion
  }

  #reduce(object: T): T {
    return this.#options.transform?.(object) ?? object
  }

  #scope() {
    const { namespace, labelSelector, fieldSelector, signal } = this.#options
    return {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      signal,
    }
  }

  #recover(): void {
    this.#backoff.reset()
    if (this.#failing) this.#options.log.info({}, 'in touch with the API again')
    this.#failing = false
  }

  #fail(error: unknown): void {
    if (mustListAgain(error)) this.#version = undefined
    const message = this.#version === undefined ? 'cannot follow the API; lists again' : 'watch broke; resumes'
    // One warning for a row of failures: many informers lose one server together.
    this.#options.log[this.#failing ? 'debug' : 'warn']({ err: error, resourceVersion: this.#version }, message)
    this.#failing = true
  }

  async #pause(): Promise<void> {
    const { clock, signal, random = Math.random } = this.#options
    const delayMs = this.#backoff.nextMs() * (0.5 + random() / 2)
    await clock.sleep(delayMs, signal).catch((reason: unknown) => {
      if (!signal.aborted) throw reason
    })
  }
}

/** A server that answers, and not merely "busy", does not know the version any more. */
function mustListAgain(error: unknown): boolean {
  return error instanceof StatusError && error.code !== 429 && error.code !== 503
}
