import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../base/clock.ts'
import { sortByKey, SortedEntries, type Range } from '../sorted-entries.ts'
import {
  Compacted,
  type Deleted,
  type Entry,
  type ListOptions,
  type Page,
  type Store,
  type StoreEvent,
  type WatchSink,
} from '../store.ts'
import { deliver, WatchRegistry } from '../watch-registry.ts'
import { judgeWrites, type Write } from '../write-batch.ts'
import { guarded, openDatabase } from './database.ts'
import { LogTable, type Share } from './log-table.ts'

/** Revisions swept in one transaction, so that compaction never holds up writes for long. */
const sweepStep = 2000

export interface TransactionObserver {
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Told of each transaction that has become durable, with the time that it took. */
  committed(writes: number, durationMs: number): void
}

interface PendingWrite {
  readonly write: Write
  readonly resolve: (event: StoreEvent) => void
  readonly reject: (error: unknown) => void
}

/**
 * The store in one SQLite file, or in memory if the path is `:memory:`. Live entries are held in memory, so reads of
 * the newest state touch no disk; history is read from the file. Throws `StoreUnusable`.
 *
 * Writes of one turn of the event loop are committed in one transaction, which is synchronous: what arrives
 * meanwhile waits in the sockets and makes up the next one. `watch` delivers what has happened already before it
 * returns, and everything else as soon as it is durable.
 */
export function openSqliteStore(path: string, observer?: TransactionObserver): Store {
  const database = openDatabase(path)
  try {
    return guarded(path, () => new SqliteStore(database, path, observer))
  } catch (error) {
    database.close()
    throw error
  }
}

class SqliteStore implements Store {
  readonly #path: string
  readonly #database: DatabaseSync
  readonly #observer: TransactionObserver | undefined
  readonly #log: LogTable
  readonly #live: SortedEntries
  readonly #watchers = new WatchRegistry()
  #pending: PendingWrite[] = []
  #revision: number
  #compacted: number
  #swept: number
  #sweeping: Promise<void> = Promise.resolve()
  #closed = false
  /** What the last transaction failed with. */
  #failure: unknown

  constructor(database: DatabaseSync, path: string, observer: TransactionObserver | undefined) {
    this.#database = database
    this.#observer = observer
    this.#path = path
    this.#log = new LogTable(database)
    this.#live = new SortedEntries(this.#log.live())
    const { compacted, swept } = this.#log.horizon()
    this.#compacted = compacted
    this.#swept = swept
    // The last write may have been a removal that was swept since.
    this.#revision = Math.max(this.#log.lastRevision(), compacted)
  }

  get revision(): number {
    return this.#revision
  }

  get compactedRevision(): number {
    return this.#compacted
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#checkOpen()
    return this.#live.get(key)
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Page> {
    this.#checkOpen()
    const { revision = this.#revision } = options
    this.#checkReadable(revision)
    const range =
      revision === this.#revision ? this.#live.range(prefix, options) : this.#listAt(revision, prefix, options)
    return { ...range, revision }
  }

  async create(key: string, value: string): Promise<Entry> {
    return entryPut(await this.#write({ type: 'create', key, value }))
  }

  async update(key: string, value: string, expected: number): Promise<Entry> {
    return entryPut(await this.#write({ type: 'update', key, value, expected }))
  }

  async delete(key: string, expected: number): Promise<Deleted> {
    const { previous, revision } = await this.#write({ type: 'delete', key, expected })
    if (previous === undefined) throw new Error(`${key}: removed an entry that was not there`)
    return { previous, revision }
  }

  watch(prefix: string, after: number, sink: WatchSink, signal: AbortSignal): void {
    this.#checkOpen()
    this.#checkReadable(after)
    if (signal.aborted) return
    const missed = after === this.#revision ? [] : this.#eventsAfter(after, prefix)
    this.#watchers.add({ prefix, sink, seen: this.#revision }, signal)
    if (missed.length > 0) deliver(sink, missed)
  }

  async probe(what: 'read' | 'write'): Promise<void> {
    this.#checkOpen()
    if (what === 'write' && this.#failure !== undefined) throw this.#failure
    guarded(this.#path, () => this.#log.horizon())
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen()
    if (revision > this.#revision) throw future(revision, this.#revision)
    if (revision > this.#compacted) {
      guarded(this.#path, () => this.#log.markCompacted(revision))
      this.#compacted = revision
    }
    // A sweep that fails has told its own caller; the next one starts where it stopped.
    this.#sweeping = this.#sweeping.catch(() => {}).then(() => this.#sweep())
    await this.#sweeping
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#flush()
    this.#closed = true
    await this.#sweeping.catch(() => {})
    this.#database.close()
  }

  #write(write: Write): Promise<StoreEvent> {
    this.#checkOpen()
    return new Promise((resolve, reject) => {
      if (this.#pending.length === 0) setImmediate(() => this.#flush())
      this.#pending.push({ write, resolve, reject })
    })
  }

  /** Commits what is pending. On failure all of it is rejected, for it was judged one write after the other. */
  #flush(): void {
    const pending = this.#pending
    this.#pending = []
    if (pending.length === 0) return
    const verdicts = judgeWrites(this.#live, this.#revision, pending.map(({ write }) => write))
    const events = verdicts.filter((verdict): verdict is StoreEvent => !(verdict instanceof Error))
    try {
      if (events.length > 0) this.#commit(events)
    } catch (error) {
      this.#failure = error
      for (const { reject } of pending) reject(error)
      return
    }
    this.#takeIn(events)
    pending.forEach(({ resolve, reject }, index) => {
      const verdict = verdicts[index]
      if (verdict === undefined || verdict instanceof Error) reject(verdict)
      else resolve(verdict)
    })
  }

  #commit(events: readonly StoreEvent[]): void {
    const startMs = this.#observer?.clock.monotonicMs() ?? 0
    guarded(this.#path, () => this.#log.append(events))
    this.#failure = undefined
    this.#observer?.committed(events.length, this.#observer.clock.monotonicMs() - startMs)
  }

  #takeIn(events: readonly StoreEvent[]): void {
    for (const event of events) {
      if (event.type === 'put') this.#live.set(event.entry)
      else this.#live.delete(event.previous.key)
      this.#revision = event.revision
    }
    this.#watchers.dispatch(events)
  }

  /** The present entries under a prefix with all later writes undone. */
  #listAt(revision: number, prefix: string, options: ListOptions): Range {
    const then = new Map<string, Entry | undefined>()
    for (const event of this.#eventsAfter(revision, prefix)) {
      const { key } = event.type === 'put' ? event.entry : event.previous
      if (!then.has(key)) then.set(key, event.previous)
    }
    if (then.size === 0) return this.#live.range(prefix, options)
    const { after = '', limit = Infinity } = options
    const same = this.#live.range(prefix, { after }).entries.filter(({ key }) => !then.has(key))
    const undone = [...then.values()].filter((entry) => entry !== undefined).filter(({ key }) => key > after)
    const entries = sortByKey([...same, ...undone])
    return { entries: entries.slice(0, limit), remaining: Math.max(0, entries.length - limit) }
  }

  #eventsAfter(revision: number, prefix: string): StoreEvent[] {
    const share: Share = (entry) => {
      const live = this.#live.get(entry.key)
      return live?.modRevision === entry.modRevision ? live : entry
    }
    return guarded(this.#path, () => this.#log.eventsAfter(revision, prefix, share))
  }

  async #sweep(): Promise<void> {
    while (this.#swept < this.#compacted && !this.#closed) {
      const to = Math.min(this.#compacted, this.#swept + sweepStep)
      guarded(this.#path, () => this.#log.sweep(this.#swept, to))
      this.#swept = to
      await new Promise(setImmediate)
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error(`${this.#path}: the store is closed`)
  }

  #checkReadable(revision: number): void {
    if (revision < this.#compacted) throw new Compacted(revision, this.#compacted)
    if (revision > this.#revision) throw future(revision, this.#revision)
  }
}

function entryPut(event: StoreEvent): Entry {
  if (event.type !== 'put') throw new Error(`${event.previous.key}: a put came back as a removal`)
  return event.entry
}

function future(asked: number, revision: number): RangeError {
  return new RangeError(`revision ${asked} lies in the future; the store is at ${revision}`)
}
