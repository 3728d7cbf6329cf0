import { expired } from '../api/errors.ts'
import { keyOf, type KubeObject, type ObjectKey } from '../api/object.ts'
import { groupResource, type Resource } from '../api/resource.ts'
import { Channel } from './channel.ts'

/** One write: `next` is undefined when the object was removed. */
export interface MemoryChange {
  readonly revision: number
  readonly resource: string
  readonly previous: KubeObject | undefined
  readonly next: KubeObject | undefined
}

/** Yielded to watchers that asked for bookmarks. */
export interface MemoryBookmark {
  readonly bookmark: number
}

type Watcher = { readonly resource: string; readonly channel: Channel<MemoryChange | MemoryBookmark> }

/** The revisioned objects behind a `MemoryClient`. Stored objects are never changed, only replaced. */
export class MemoryJournal {
  readonly #objects = new Map<string, Map<ObjectKey, KubeObject>>()
  readonly #watchers = new Set<Watcher>()
  readonly #listeners = new Set<(change: MemoryChange) => void>()
  #changes: MemoryChange[] = []
  #revision = 0
  #compacted = 0

  get revision(): number {
    return this.#revision
  }

  get watcherCount(): number {
    return this.#watchers.size
  }

  get(resource: Resource, key: ObjectKey): KubeObject | undefined {
    return this.#objects.get(groupResource(resource))?.get(key)
  }

  /** All objects of the resource in key order. */
  list(resource: Resource): KubeObject[] {
    const objects = this.#objects.get(groupResource(resource)) ?? new Map<ObjectKey, KubeObject>()
    return [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object)
  }

  /** Stores the object under the next revision, which becomes its `resourceVersion`. */
  put(resource: Resource, object: KubeObject): KubeObject {
    const revision = this.#revision + 1
    const next = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
    this.#record(resource, keyOf(next), this.get(resource, keyOf(next)), next)
    return next
  }

  remove(resource: Resource, previous: KubeObject): void {
    this.#record(resource, keyOf(previous), previous, undefined)
  }

  /** The changes of a resource after a revision. Throws `Expired` when they have been forgotten. */
  watch(resource: Resource, after: number): Channel<MemoryChange | MemoryBookmark> {
    if (after < this.#compacted) throw tooOld(after, this.#compacted)
    const watcher: Watcher = {
      resource: groupResource(resource),
      channel: new Channel(() => this.#watchers.delete(watcher)),
    }
    this.#watchers.add(watcher)
    for (const change of this.#changes) {
      if (change.resource === watcher.resource && change.revision > after) watcher.channel.push(change)
    }
    return watcher.channel
  }

  /** Calls back with each change when it is made. */
  onChange(listener: (change: MemoryChange) => void): void {
    this.#listeners.add(listener)
  }

  forgetHistory(): void {
    this.#changes = []
    this.#compacted = this.#revision
  }

  bookmark(): void {
    for (const { channel } of this.#watchers) channel.push({ bookmark: this.#revision })
  }

  endWatches(error?: Error): void {
    for (const { channel } of this.#watchers) {
      if (error === undefined) channel.end()
      else channel.fail(error)
    }
  }

  #record(resource: Resource, key: ObjectKey, previous: KubeObject | undefined, next: KubeObject | undefined): void {
    this.#revision += 1
    const name = groupResource(resource)
    const objects = this.#objects.get(name) ?? new Map<ObjectKey, KubeObject>()
    this.#objects.set(name, objects)
    if (next === undefined) objects.delete(key)
    else objects.set(key, next)
    const change = { revision: this.#revision, resource: name, previous, next }
    this.#changes.push(change)
    for (const watcher of this.#watchers) if (watcher.resource === name) watcher.channel.push(change)
    for (const listener of this.#listeners) listener(change)
  }
}

function tooOld(asked: number, compacted: number): Error {
  return expired(`too old resource version: ${asked} (${compacted})`)
}
