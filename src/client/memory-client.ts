import { isDeepStrictEqual } from 'node:util'
import { alreadyExists, expired, notFound, pathNotFound } from '../api/errors.ts'
import { keyOf, objectKey, type Draft, type KubeObject, type ObjectKey } from '../api/object.ts'
import { apiVersionOf, groupResource, type Resource } from '../api/resource.ts'
import type { CacheListener } from './cache.ts'
import type {
  CallOptions,
  Client,
  DeleteOptions,
  ListOptions,
  ObjectList,
  Patch,
  Target,
  WatchEvent,
  WatchOptions,
} from './client.ts'
import { MemoryJournal, type MemoryChange } from './memory-journal.ts'
import { applyMemoryPatch } from './memory-patch.ts'
import {
  checkPreconditions,
  checkVersion,
  generationOf,
  hasFinalizers,
  isFinalized,
  withBinding,
  withFirstGeneration,
  withSpecFinalizersOf,
  withStatusOf,
  withStatusWrite,
  withToken,
} from './memory-rules.ts'
import { memorySelection } from './memory-selection.ts'

export type MemoryVerb =
  | 'get'
  | 'list'
  | 'watch'
  | 'create'
  | 'update'
  | 'updateStatus'
  | 'patch'
  | 'delete'
  | 'createSubresource'
  | 'updateSubresource'

export interface MemoryCall {
  readonly verb: MemoryVerb
  /** Plural of the resource. */
  readonly resource: string
  /** '' for list and watch. */
  readonly key: ObjectKey
  readonly subresource?: string
}

const readVerbs: ReadonlySet<MemoryVerb> = new Set(['get', 'list', 'watch'])

/**
 * A `Client` over objects in memory, for tests of what speaks to the API. It behaves as the server does in revisions,
 * conflicts, selection, paging, watches from a revision, generations, and `status`, which only `updateStatus` and patches
 * of `status` write, and finalizers. It has no defaults, no validation, no admission, and no graceful deletion. Everything
 * that goes in or out is a copy.
 */
export class MemoryClient implements Client {
  readonly #journal = new MemoryJournal()
  readonly #now: () => Date
  readonly #calls: MemoryCall[] = []
  readonly #failures: { readonly verb: MemoryVerb; readonly resource: string; readonly error: Error }[] = []
  /** How many have been made. */
  #tokens = 0
  readonly #pages = new Map<string, ObjectList<KubeObject>>()
  #names = 0

  constructor({ now = () => new Date() }: { now?: () => Date } = {}) {
    this.#now = now
  }

  /** Puts objects in as they are, status and all, as new versions of what has their names already. */
  seed<T extends KubeObject>(resource: Resource<T>, ...drafts: Draft<T>[]): T[] {
    return drafts.map((draft) => {
      const object = this.#complete(resource, draft)
      const { uid, creationTimestamp } = this.#journal.get(resource, keyOf(object))?.metadata ?? object.metadata
      const metadata = { ...object.metadata, uid, creationTimestamp }
      return this.#out(this.#journal.put(resource, { ...object, metadata }))
    })
  }

  /** Removes an object as if another client had, without a trace in `writes`. */
  unseed(resource: Resource, target: Target): void {
    this.#journal.remove(resource, this.#find(resource, target))
  }

  /** What is there now; undefined if nothing is. Not counted as a call. */
  peek<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): T | undefined {
    const object = this.#journal.get(resource, key)
    return object === undefined ? undefined : this.#out<T>(object)
  }

  /** The same of all objects of a resource, in key order. */
  peekAll<T extends KubeObject>(resource: Resource<T>): readonly T[] {
    return this.#journal.list(resource).map((object) => this.#out<T>(object))
  }

  /** Calls back with each change of a resource at the moment it is made, before the call that makes it is answered. */
  onChange<T extends KubeObject>(resource: Resource<T>, listener: CacheListener<T>): void {
    const copyOf = (object: KubeObject | undefined) => (object === undefined ? undefined : this.#out<T>(object))
    this.#journal.onChange((change) => {
      if (change.resource === groupResource(resource)) listener(copyOf(change.previous), copyOf(change.next))
    })
  }

  /** Every call so far, in order, failed ones included. */
  get calls(): readonly MemoryCall[] {
    return this.#calls
  }

  /** The calls that wrote or tried to. */
  get writes(): readonly MemoryCall[] {
    return this.#calls.filter(({ verb }) => !readVerbs.has(verb))
  }

  get watchCount(): number {
    return this.#journal.watcherCount
  }

  /** The next call of this kind throws `error` instead of being done. */
  failNext(verb: MemoryVerb, resource: Resource, error: Error): void {
    this.#failures.push({ verb, resource: resource.plural, error })
  }

  /** As a compaction does: watches and pages from before now end in 410. Running watches go on. */
  forgetHistory(): void {
    this.#journal.forgetHistory()
    this.#pages.clear()
  }

  /** Ends all watches, as a server that restarts, or breaks them with an error. */
  endWatches(error?: Error): void {
    this.#journal.endWatches(error)
  }

  /** Sends a BOOKMARK to the watches that asked for them. */
  bookmark(): void {
    this.#journal.bookmark()
  }

  async get<T extends KubeObject>(resource: Resource<T>, target: Target, options: CallOptions = {}): Promise<T> {
    this.#enter('get', resource, target, options)
    if (target.subresource !== undefined && target.subresource !== 'status') throw pathNotFound()
    return this.#out(this.#find(resource, target))
  }

  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    this.#enter('list', resource, undefined, options)
    const rest = options.continue === undefined ? this.#all(resource, options) : this.#pages.get(options.continue)
    if (rest === undefined) throw expired('The provided continue parameter is too old')
    const limit = options.limit ?? Infinity
    const items = rest.items.slice(0, limit).map((object) => this.#out<T>(object))
    if (rest.items.length <= limit) return { items, resourceVersion: rest.resourceVersion }
    const token = `page-${this.#pages.size + 1}`
    this.#pages.set(token, { items: rest.items.slice(limit), resourceVersion: rest.resourceVersion })
    return { items, resourceVersion: rest.resourceVersion, continue: token }
  }

  async *watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    this.#enter('watch', resource, undefined, options)
    const selected = memorySelection(options)
    const changes = this.#journal.watch(resource, Number(options.resourceVersion))
    const end = () => changes.end()
    options.signal?.addEventListener('abort', end, { once: true })
    try {
      for await (const change of changes) {
        if (options.signal?.aborted === true) return
        const event = 'bookmark' in change ? bookmark(change.bookmark, options) : this.#event<T>(change, selected)
        if (event !== undefined) yield event
      }
    } finally {
      options.signal?.removeEventListener('abort', end)
    }
  }

  async create<T extends KubeObject>(resource: Resource<T>, draft: Draft<T>, options: CallOptions = {}): Promise<T> {
    const object = this.#complete(resource, draft)
    this.#enter('create', resource, object.metadata, options)
    if (this.#journal.get(resource, keyOf(object)) !== undefined) throw alreadyExists(resource, object.metadata.name)
    return this.#out(this.#journal.put(resource, withFirstGeneration(withStatusOf(undefined, object))))
  }

  async update<T extends KubeObject>(resource: Resource<T>, object: T, options: CallOptions = {}): Promise<T> {
    this.#enter('update', resource, object.metadata, options)
    const stored = this.#find(resource, object.metadata)
    return this.#replace(resource, stored, withStatusOf(stored, object))
  }

  async updateStatus<T extends KubeObject>(resource: Resource<T>, object: T, options: CallOptions = {}): Promise<T> {
    this.#enter('updateStatus', resource, object.metadata, options)
    const stored = this.#find(resource, object.metadata)
    checkVersion(resource, stored, object.metadata.resourceVersion)
    return this.#replace(resource, stored, withStatusWrite(resource, object, stored))
  }

  async patch<T extends KubeObject>(
    resource: Resource<T>,
    target: Target,
    patch: Patch,
    options: CallOptions = {},
  ): Promise<T> {
    this.#enter('patch', resource, target, options)
    const stored = this.#find(resource, target)
    const patched = applyMemoryPatch(stored, patch) as KubeObject
    checkVersion(resource, stored, patched.metadata.resourceVersion)
    if (target.subresource === undefined) return this.#replace(resource, stored, withStatusOf(stored, patched))
    // An approval is a status whose conditions say so.
    const isStatus = target.subresource === 'status' || (target.subresource === 'approval' && resource.plural === 'certificatesigningrequests')
    if (!isStatus) throw pathNotFound()
    return this.#replace(resource, stored, withStatusWrite(resource, patched, stored))
  }

  async delete(resource: Resource, target: Target, options: DeleteOptions = {}): Promise<void> {
    this.#enter('delete', resource, target, options)
    const stored = this.#find(resource, target)
    checkPreconditions(resource, stored, options)
    if (!hasFinalizers(stored)) return this.#journal.remove(resource, stored)
    const { deletionTimestamp = this.#timestamp() } = stored.metadata
    this.#replace(resource, stored, { ...stored, metadata: { ...stored.metadata, deletionTimestamp } })
  }

  /** Knows `pods/NAME/binding` and `serviceaccounts/NAME/token`. */
  async createSubresource(
    resource: Resource,
    target: Required<Target>,
    body: unknown,
    options: CallOptions = {},
  ): Promise<unknown> {
    this.#enter('createSubresource', resource, target, options)
    const stored = this.#find(resource, target)
    if (resource.plural === 'serviceaccounts' && target.subresource === 'token') {
      this.#tokens += 1
      return withToken(body, `${target.name}-token-${this.#tokens}`, this.#now())
    }
    if (resource.plural !== 'pods' || target.subresource !== 'binding') throw pathNotFound()
    this.#journal.put(resource, withBinding(resource, stored, body))
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }
  }

  /** Knows `namespaces/NAME/finalize` only. */
  async updateSubresource(
    resource: Resource,
    target: Target & { readonly subresource: string },
    body: unknown,
    options: CallOptions = {},
  ): Promise<unknown> {
    this.#enter('updateSubresource', resource, target, options)
    const stored = this.#find(resource, target)
    if (resource.plural !== 'namespaces' || target.subresource !== 'finalize') throw pathNotFound()
    const namespace = body as KubeObject
    checkVersion(resource, stored, namespace.metadata.resourceVersion)
    return this.#replace(resource, stored, withSpecFinalizersOf(namespace, stored))
  }

  #enter(verb: MemoryVerb, resource: Resource, target: Partial<Target> | undefined, { signal }: CallOptions): void {
    signal?.throwIfAborted()
    const key = target === undefined ? '' : objectKey(target.namespace, target.name ?? '')
    const subresource = target?.subresource
    this.#calls.push({ verb, resource: resource.plural, key, ...(subresource === undefined ? {} : { subresource }) })
    const at = this.#failures.findIndex((failure) => failure.verb === verb && failure.resource === resource.plural)
    const [failure] = at < 0 ? [] : this.#failures.splice(at, 1)
    if (failure !== undefined) throw failure.error
  }

  #find(resource: Resource, { namespace, name }: Pick<Target, 'namespace' | 'name'>): KubeObject {
    const object = this.#journal.get(resource, objectKey(namespace, name))
    if (object === undefined) throw notFound(resource, name)
    return object
  }

  #all(resource: Resource, options: ListOptions): ObjectList<KubeObject> {
    const items = this.#journal.list(resource).filter(memorySelection(options))
    return { items, resourceVersion: String(this.#journal.revision) }
  }

  #replace<T extends KubeObject>(resource: Resource<T>, stored: KubeObject, next: KubeObject): T {
    checkVersion(resource, stored, next.metadata.resourceVersion)
    const { uid, creationTimestamp, resourceVersion } = stored.metadata
    const metadata = { ...next.metadata, ...generationOf(next, stored), uid, creationTimestamp, resourceVersion }
    const object = copy({ ...next, metadata })
    // As in the server, a write that changes nothing takes no revision.
    if (isDeepStrictEqual(stored, object)) return this.#out(stored)
    const written = this.#journal.put(resource, object)
    if (isFinalized(stored, written)) this.#journal.remove(resource, written)
    return this.#out(written)
  }

  #complete(resource: Resource, draft: Draft<KubeObject>): KubeObject {
    const { metadata } = draft
    const serial = (this.#names += 1)
    const suffix = serial.toString(36).padStart(5, '0')
    return copy({
      ...draft,
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: {
        ...metadata,
        name: metadata.name ?? `${metadata.generateName ?? ''}${suffix}`,
        uid: metadata.uid ?? `00000000-0000-4000-8000-${serial.toString(16).padStart(12, '0')}`,
        creationTimestamp: metadata.creationTimestamp ?? this.#timestamp(),
        resourceVersion: '',
      },
    })
  }

  #event<T extends KubeObject>(
    { revision, previous, next }: MemoryChange,
    selected: (object: KubeObject) => boolean,
  ): WatchEvent<T> | undefined {
    const was = previous !== undefined && selected(previous)
    if (next !== undefined && selected(next)) return { type: was ? 'MODIFIED' : 'ADDED', object: this.#out(next) }
    if (!was) return undefined
    const metadata = { ...previous.metadata, resourceVersion: String(revision) }
    return { type: 'DELETED', object: this.#out({ ...previous, metadata }) }
  }

  #timestamp(): string {
    return this.#now().toISOString().replace(/\.\d+/, '')
  }

  #out<T extends KubeObject>(object: KubeObject): T {
    return copy(object) as T
  }
}

function bookmark(revision: number, { bookmarks }: WatchOptions): WatchEvent<never> | undefined {
  return bookmarks === true ? { type: 'BOOKMARK', resourceVersion: String(revision) } : undefined
}

/** As if sent over the wire: without undefined fields. */
function copy<T>(object: T): T {
  return JSON.parse(JSON.stringify(object)) as T
}
