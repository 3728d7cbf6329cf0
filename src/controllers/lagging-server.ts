import type * as fc from 'fast-check'
import { keyOf, type KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { silentLog } from '../base/log.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { LiveCache } from '../client/live-cache.ts'
import { MemoryClient, type MemoryVerb } from '../client/memory-client.ts'
import { changesTo, changesToList } from '../client/object-index.ts'

/**
 * A server whose answers and whose watches are held back as fast-check decides: a write takes effect at one moment, its
 * caller learns of it at another, and caches at a third.
 */
export class LaggingServer extends MemoryClient {
  readonly clock: ManualClock
  #scheduler: fc.Scheduler | undefined

  constructor(clock = new ManualClock()) {
    super({ now: () => clock.now() })
    this.clock = clock
  }

  /** From here on calls arrive and are answered when the scheduler says so. */
  attach(scheduler: fc.Scheduler): void {
    this.#scheduler = scheduler
  }

  detach(): void {
    this.#scheduler = undefined
  }

  override create: MemoryClient['create'] = (...args) => this.#delayed('create', () => super.create(...args))
  override patch: MemoryClient['patch'] = (...args) => this.#delayed('patch', () => super.patch(...args))
  override updateStatus: MemoryClient['updateStatus'] = (...args) =>
    this.#delayed('updateStatus', () => super.updateStatus(...args))
  override get: MemoryClient['get'] = (...args) => this.#delayed('get', () => super.get(...args))
  override delete: MemoryClient['delete'] = (...args) => this.#delayed('delete', () => super.delete(...args))

  async #delayed<T>(verb: MemoryVerb, call: () => Promise<T>): Promise<T> {
    await this.#scheduler?.schedule(Promise.resolve(), `${verb} arrives`)
    // The write takes effect within the call; only its answer comes later.
    const result = await call()
    await this.#scheduler?.schedule(Promise.resolve(), `${verb} is answered`)
    return result
  }
}

/** A cache of all objects of a resource that is shown changes one by one, when the test says so. */
export class LaggingCache<T extends KubeObject> extends LiveCache<T> {
  readonly #server: MemoryClient
  readonly #resource: Resource<T>
  #news: { readonly previous: T | undefined; readonly next: T | undefined }[] = []

  constructor(server: MemoryClient, resource: Resource<T>) {
    super(silentLog)
    this.#server = server
    this.#resource = resource
    this.relist()
    server.onChange(resource, (previous, next) => this.#news.push({ previous, next }))
  }

  get hasNews(): boolean {
    return this.#news.length > 0
  }

  deliver(): void {
    const news = this.#news.shift()
    const object = news?.next ?? news?.previous
    if (object !== undefined) this.apply(changesTo(this.get(keyOf(object)), news?.next))
  }

  catchUp(): void {
    while (this.hasNews) this.deliver()
  }

  /** Shows the present state, without what came and went in between. */
  relist(): void {
    this.#news = []
    this.apply(changesToList(this.index, this.#server.peekAll(this.#resource)))
  }
}
