import type { KubeObject } from '../api/object.ts'
import { groupResource, type Resource } from '../api/resource.ts'
import type { Deleted, Entry, Store, StoreEvent } from '../storage/store.ts'

/** A stored object with its JSON, both of which are shared by every reader and must not be changed. */
export interface Stored<T extends KubeObject = KubeObject> {
  readonly object: T
  /** The object's JSON, resourceVersion included. */
  readonly json: string
  readonly entry: Entry
}

/**
 * Objects over the opaque store. The stored value is the JSON of the object without its resourceVersion, which is the
 * entry's revision. Each entry is decoded and encoded at most once, however many lists and watches return it.
 */
export class ObjectStore {
  readonly store: Store
  readonly #decoded = new WeakMap<Entry, Stored>()
  readonly #gone = new WeakMap<StoreEvent, Stored>()

  constructor(store: Store) {
    this.store = store
  }

  async get(resource: Resource, namespace: string | undefined, name: string): Promise<Stored | undefined> {
    const entry = await this.store.get(keyFor(resource, namespace, name))
    return entry && this.decode(entry)
  }

  async create(resource: Resource, object: KubeObject): Promise<Stored> {
    const entry = await this.store.create(
      keyFor(resource, object.metadata.namespace, object.metadata.name),
      encode(object),
    )
    return this.#remember(entry, object)
  }

  /** Throws `Stale` as the store does. */
  async update(previous: Stored, object: KubeObject): Promise<Stored> {
    const entry = await this.store.update(previous.entry.key, encode(object), previous.entry.modRevision)
    return this.#remember(entry, object)
  }

  /** Removes an object whose last holder has just let go; resolves to how it looked then. Throws `Stale`. */
  async removed(previous: Stored, last: KubeObject): Promise<Stored> {
    const { revision } = await this.delete(previous)
    return withRevision(previous.entry, last, revision)
  }

  /** Throws `Stale` as the store does. */
  async delete(previous: Stored): Promise<Deleted> {
    return this.store.delete(previous.entry.key, previous.entry.modRevision)
  }

  /** What `create` or `update` would return, without storing anything: the answer to a dry run. */
  preview(resource: Resource, object: KubeObject, previous?: Stored): Stored {
    const { namespace, name } = object.metadata
    const modRevision = previous?.entry.modRevision ?? 0
    const entry = { key: keyFor(resource, namespace, name), value: '', createRevision: 0, modRevision }
    return withRevision(entry, object, modRevision)
  }

  decode(entry: Entry): Stored {
    const known = this.#decoded.get(entry)
    if (known !== undefined) return known
    return this.#remember(entry, JSON.parse(entry.value))
  }

  /** What an event replaced or removed, at the revision of the event: how it looked when it went. */
  decodeGone(event: StoreEvent, previous: Entry): Stored {
    const known = this.#gone.get(event)
    if (known !== undefined) return known
    const stored = withRevision(previous, this.decode(previous).object, event.revision)
    this.#gone.set(event, stored)
    return stored
  }

  #remember(entry: Entry, object: KubeObject): Stored {
    const stored = withRevision(entry, object, entry.modRevision)
    this.#decoded.set(entry, stored)
    return stored
  }
}

/** `/registry/pods/default/web`; a prefix ending in `/` where name or namespace is missing. */
export function keyFor(resource: Resource, namespace?: string, name?: string): string {
  const root = `/registry/${groupResource(resource)}/`
  if (!resource.namespaced) return `${root}${name ?? ''}`
  if (namespace === undefined) return root
  return `${root}${namespace}/${name ?? ''}`
}

function withRevision(entry: Entry, object: KubeObject, revision: number): Stored {
  // Nothing has the revision 0: it stands for what has not been stored.
  const resourceVersion = revision === 0 ? '' : String(revision)
  const versioned = { ...object, metadata: { ...object.metadata, resourceVersion } }
  let json: string | undefined
  return {
    entry,
    object: versioned,
    get json() {
      return (json ??= JSON.stringify(versioned))
    },
  }
}

function encode(object: KubeObject): string {
  const { resourceVersion: _, ...metadata } = object.metadata
  return JSON.stringify({ ...object, metadata })
}
