import {
  Compacted,
  KeyExists,
  Stale,
  type Deleted,
  type Entry,
  type ListOptions,
  type Page,
  type Store,
  type StoreEvent,
  type WatchSink,
} from './store.ts'

/**
 * The store as one would explain it: a list of everything that happened, replayed for every question. What tests
 * compare the real one with; it passes the same suite.
 */
export class NaiveStore implements Store {
  readonly #events: StoreEvent[] = []
  readonly #watchers = new Set<{ prefix: string; sink: WatchSink }>()
  #open = true
  compactedRevision = 0

  get revision(): number {
    return this.#events.length
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#stateAt(this.revision).get(key)
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Page> {
    const { revision = this.revision, limit = Infinity, after = '' } = options
    this.#checkReadable(revision)
    const state = [...this.#stateAt(revision).values()].filter(({ key }) => key.startsWith(prefix) && key > after)
    state.sort((a, b) => (a.key < b.key ? -1 : 1))
    return { entries: state.slice(0, limit), remaining: Math.max(0, state.length - limit), revision }
  }

  async create(key: string, value: string): Promise<Entry> {
    this.#checkOpen()
    if (this.#current(key) !== undefined) throw new KeyExists(key)
    return this.#put({ key, value, createRevision: this.revision + 1, modRevision: this.revision + 1 })
  }

  async update(key: string, value: string, expected: number): Promise<Entry> {
    this.#checkOpen()
    const { createRevision } = this.#expect(key, expected)
    return this.#put({ key, value, createRevision, modRevision: this.revision + 1 })
  }

  async delete(key: string, expected: number): Promise<Deleted> {
    this.#checkOpen()
    const previous = this.#expect(key, expected)
    const revision = this.revision + 1
    this.#record({ type: 'delete', revision, previous })
    return { previous, revision }
  }

  watch(prefix: string, after: number, sink: WatchSink, signal: AbortSignal): void {
    this.#checkReadable(after)
    if (signal.aborted) return
    const watcher = { prefix, sink }
    this.#watchers.add(watcher)
    signal.addEventListener('abort', () => this.#watchers.delete(watcher))
    const missed = this.#events.slice(after).filter((event) => keyOf(event).startsWith(prefix))
    if (missed.length > 0) sink(missed)
  }

  async probe(): Promise<void> {
    this.#checkOpen()
  }

  async compact(revision: number): Promise<void> {
    if (revision > this.revision) throw new RangeError(`revision ${revision} lies in the future`)
    this.compactedRevision = Math.max(this.compactedRevision, revision)
  }

  async close(): Promise<void> {
    this.#open = false
  }

  reopen(): void {
    this.#open = true
    this.#watchers.clear()
  }

  #put(entry: Entry): Entry {
    const previous = this.#current(entry.key)
    this.#record({ type: 'put', revision: entry.modRevision, entry, previous })
    return entry
  }

  #record(event: StoreEvent): void {
    this.#events.push(event)
    // Who begins to watch while these are told reads the event from the past.
    const watchers = [...this.#watchers]
    for (const { prefix, sink } of watchers) if (keyOf(event).startsWith(prefix)) sink([event])
  }

  #current(key: string): Entry | undefined {
    return this.#stateAt(this.revision).get(key)
  }

  #expect(key: string, expected: number): Entry {
    const current = this.#current(key)
    if (current?.modRevision !== expected) throw new Stale(key, current)
    return current
  }

  #stateAt(revision: number): Map<string, Entry> {
    const state = new Map<string, Entry>()
    for (const event of this.#events.slice(0, revision)) {
      if (event.type === 'put') state.set(event.entry.key, event.entry)
      else state.delete(event.previous.key)
    }
    return state
  }

  #checkReadable(revision: number): void {
    if (revision < this.compactedRevision) throw new Compacted(revision, this.compactedRevision)
    if (revision > this.revision) throw new RangeError(`revision ${revision} lies in the future`)
  }

  #checkOpen(): void {
    if (!this.#open) throw new Error('the store is closed')
  }
}

function keyOf(event: StoreEvent): string {
  return event.type === 'put' ? event.entry.key : event.previous.key
}
