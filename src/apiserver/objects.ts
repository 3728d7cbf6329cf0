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
 * entry's revision. An object is encoded when it is written, and never again: what lists and watches tell is the stored
 * text with the resourceVersion put in. Each entry is decoded at most once, and one that was written here not at all.
 */
export class ObjectStore {
  readonly store: Store
  readonly #decoded = new WeakMap<Entry, Stored>()
  /** What is on its way into the store, by key: watches are told of it before the writer is. */
  readonly #underWay = new Map<string, { readonly value: string; readonly object: KubeObject }>()
  readonly #gone = new WeakMap<StoreEvent, Stored>()

  constructor(store: Store) {
    this.store = store
  }

  async get(resource: Resource, namespace: string | undefined, name: string): Promise<Stored | undefined> {
    const entry = await this.store.get(keyFor(resource, namespace, name))
    return entry && this.decode(entry)
  }

  create(resource: Resource, object: KubeObject): Promise<Stored> {
    const key = keyFor(resource, object.metadata.namespace, object.metadata.name)
    return this.#write(key, object, (value) => this.store.create(key, value))
  }

  /** Throws `Stale` as the store does. */
  update({ entry }: Stored, object: KubeObject): Promise<Stored> {
    return this.#write(entry.key, object, (value) => this.store.update(entry.key, value, entry.modRevision))
  }

  /** Removes an object whose last holder has just let go; resolves to how it looked then. Throws `Stale`. */
  async removed(previous: Stored, last: KubeObject): Promise<Stored> {
    const { revision } = await this.delete(previous)
    return unstored(previous.entry, last, revision)
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
    return unstored(entry, object, modRevision)
  }

  decode(entry: Entry): Stored {
    const known = this.#decoded.get(entry)
    if (known !== undefined) return known
    const written = this.#underWay.get(entry.key)
    const object = written?.value === entry.value ? written.object : (JSON.parse(entry.value) as KubeObject)
    const stored = storedAt(entry, object, entry.modRevision)
    this.#decoded.set(entry, stored)
    return stored
  }

  /** What an event replaced or removed, at the revision of the event: how it looked when it went. */
  decodeGone(event: StoreEvent, previous: Entry): Stored {
    const known = this.#gone.get(event)
    if (known !== undefined) return known
    const stored = storedAt(previous, this.decode(previous).object, event.revision)
    this.#gone.set(event, stored)
    return stored
  }

  async #write(key: string, object: KubeObject, store: (value: string) => Promise<Entry>): Promise<Stored> {
    const written = { value: encode(object), object }
    this.#underWay.set(key, written)
    try {
      return this.decode(await store(written.value))
    } finally {
      // Of writes to one key at once, others than the last decode what they have written.
      if (this.#underWay.get(key) === written) this.#underWay.delete(key)
    }
  }
}

/** `/registry/pods/default/web`; a prefix ending in `/` where name or namespace is missing. */
export function keyFor(resource: Resource, namespace?: string, name?: string): string {
  const root = `/registry/${groupResource(resource)}/`
  if (!resource.namespaced) return `${root}${name ?? ''}`
  if (namespace === undefined) return root
  return `${root}${namespace}/${name ?? ''}`
}

/** What the entry holds, as of a revision. Its text is the stored one, so that it takes no room of its own. */
function storedAt(entry: Entry, decoded: KubeObject, revision: number): Stored {
  const object = withRevision(decoded, revision)
  return {
    entry,
    object,
    get json() {
      return jsonAt(entry.value, revision) ?? JSON.stringify(object)
    },
  }
}

/** An object that is not what its entry holds. */
function unstored(entry: Entry, unversioned: KubeObject, revision: number): Stored {
  const object = withRevision(unversioned, revision)
  return { entry, object, json: JSON.stringify(object) }
}

function withRevision<T extends KubeObject>(object: T, revision: number): T {
  // Nothing has the revision 0: it stands for what has not been stored.
  const resourceVersion = revision === 0 ? '' : String(revision)
  return { ...object, metadata: { ...object.metadata, resourceVersion } }
}

/** Begins with what `jsonAt` looks for. */
function encode(object: KubeObject): string {
  const { kind, apiVersion, metadata } = object
  const first = { kind, apiVersion, metadata: { ...metadata, resourceVersion: undefined } }
  return JSON.stringify({ ...first, ...object, ...first })
}

/** What `encode` puts before the members of the metadata, of which there are always some. */
const head = /^\{"kind":"[\w.-]+","apiVersion":"[\w./-]+","metadata":\{(?=")/

/** The stored text with the resourceVersion in its place. Undefined for a text that an earlier version has stored. */
function jsonAt(value: string, revision: number): string | undefined {
  const start = head.exec(value)?.[0]
  return start && `${start}"resourceVersion":"${revision}",${value.slice(start.length)}`
}
