/**
 * The storage contract: a keyed, revisioned store as in etcd. Keys are `/`-separated paths such as
 * `/registry/pods/default/web`; values are opaque strings. Every successful write takes the next
 * revision of one global counter. `store.contract.ts` is the suite that every implementation passes.
 */
export interface Store {
  /** Revision of the last committed write; 0 for an empty store. */
  readonly revision: number
  /** Oldest revision from which `watch` can still resume and at which `list` can still read. */
  readonly compactedRevision: number

  get(key: string): Promise<Entry | undefined>
  /** Entries under a prefix in key order, all as of one revision. */
  list(prefix: string, options?: ListOptions): Promise<Page>
  /** Resolves once the write is durable. Throws `KeyExists`. */
  create(key: string, value: string): Promise<Entry>
  /** Replaces the value if the entry is still at `expected`. Throws `Stale` with what is there now. */
  update(key: string, value: string, expected: number): Promise<Entry>
  /** Removes the entry if it is still at `expected`; resolves to it, with the revision of its removal. Throws `Stale`. */
  delete(key: string, expected: number): Promise<Deleted>
  /**
   * Every change under the prefix with a revision greater than `after`, in order and without gaps, until `signal` aborts.
   * Events are delivered by calls, not by an iterator, so that one write costs one call per watcher and no promise.
   * Throws `Compacted` if `after` is older than `compactedRevision`.
   * Throws `RangeError` if `after` lies in the future.
   */
  watch(prefix: string, after: number, sink: WatchSink, signal: AbortSignal): void
  /**
   * Rejects if the store cannot be read; asked about writes, if the last one could not be made durable. Costs no more than
   * a read of one row.
   */
  probe(what: 'read' | 'write'): Promise<void>
  /** Forgets history up to and including `revision`. Live entries stay. */
  compact(revision: number): Promise<void>
  close(): Promise<void>
}

/** One live entry. Entries are immutable and shared: the same object is returned by reads and by watches. */
export interface Entry {
  readonly key: string
  readonly value: string
  readonly createRevision: number
  readonly modRevision: number
}

export interface Deleted {
  readonly previous: Entry
  /** The revision that the removal took. */
  readonly revision: number
}

export interface ListOptions {
  /** Read as of this revision; the newest if absent. Throws `Compacted` or `RangeError` as `watch` does. */
  revision?: number
  limit?: number
  /** Start after this key: the last key of the previous page. */
  after?: string
}

export interface Page {
  readonly entries: readonly Entry[]
  /** The revision at which the page was read. */
  readonly revision: number
  /** How many further entries there are after this page. */
  readonly remaining: number
}

export type StoreEvent =
  | { readonly type: 'put'; readonly revision: number; readonly entry: Entry; readonly previous: Entry | undefined }
  | { readonly type: 'delete'; readonly revision: number; readonly previous: Entry }

/** Receives events in revision order. Must not throw: a throwing sink is a defect of the caller. */
export type WatchSink = (events: readonly StoreEvent[]) => void

export class KeyExists extends Error {
  override readonly name = 'KeyExists'
  readonly key: string
  constructor(key: string) {
    super(`key exists: ${key}`)
    this.key = key
  }
}

export class Stale extends Error {
  override readonly name = 'Stale'
  readonly key: string
  /** What is there now; undefined if the key is gone. */
  readonly current: Entry | undefined
  constructor(key: string, current: Entry | undefined) {
    super(`stale write: ${key} is ${current === undefined ? 'gone' : `at revision ${current.modRevision}`}`)
    this.key = key
    this.current = current
  }
}

export class Compacted extends Error {
  override readonly name = 'Compacted'
  readonly asked: number
  readonly compactedRevision: number
  constructor(asked: number, compactedRevision: number) {
    super(`revision ${asked} has been compacted; the oldest kept is ${compactedRevision}`)
    this.asked = asked
    this.compactedRevision = compactedRevision
  }
}
