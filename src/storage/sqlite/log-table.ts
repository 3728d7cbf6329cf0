import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Entry, StoreEvent } from '../store.ts'

/** The versions of one key on either side of one write. */
interface LogRow {
  readonly revision: number
  readonly key: string
  readonly value: string | null
  readonly createRevision: number
  readonly previousRevision: number | null
  readonly previousValue: string | null
  readonly previousCreateRevision: number | null
}

interface EntryRow {
  readonly key: string
  readonly value: string
  readonly createRevision: number
  readonly modRevision: number
}

export interface Horizon {
  readonly compacted: number
  readonly swept: number
}

/** Hands out the entry that is already in memory, if it is still this version of the key. */
export type Share = (entry: Entry) => Entry

/** The SQL of the store: one statement, one method. All are synchronous; none checks anything. */
export class LogTable {
  readonly #database: DatabaseSync
  readonly #append: StatementSync
  readonly #after: StatementSync
  readonly #sweepReplaced: StatementSync
  readonly #sweepRemovals: StatementSync

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#append = database.prepare('INSERT INTO log VALUES (?, ?, ?, ?, ?)')
    this.#after = database.prepare(`
      SELECT log.revision, log.key, log.value, log.create_revision AS createRevision,
        was.revision AS previousRevision, was.value AS previousValue, was.create_revision AS previousCreateRevision
      FROM log LEFT JOIN log AS was ON was.revision = log.previous
      WHERE log.revision > ? AND log.key >= ? AND log.key < ?
      ORDER BY log.revision`)
    this.#sweepReplaced = database.prepare(
      'DELETE FROM log WHERE revision IN (SELECT previous FROM log WHERE revision > ? AND revision <= ?)',
    )
    this.#sweepRemovals = database.prepare('DELETE FROM log WHERE revision > ? AND revision <= ? AND value IS NULL')
  }

  horizon(): Horizon {
    const { compacted, swept } = this.#database.prepare('SELECT compacted, swept FROM horizon').get() ?? {}
    return { compacted: Number(compacted), swept: Number(swept) }
  }

  /** 0 if nothing is remembered. */
  lastRevision(): number {
    return Number(this.#database.prepare('SELECT max(revision) AS last FROM log').get()?.['last'] ?? 0)
  }

  live(): Entry[] {
    const rows = this.#database.prepare(`
      SELECT key, value, create_revision AS createRevision, revision AS modRevision
      FROM log WHERE value IS NOT NULL AND revision NOT IN (SELECT previous FROM log)`)
    return Array.from(rows.iterate() as Iterable<unknown> as Iterable<EntryRow>, entryOf)
  }

  /** Every write under the prefix with a greater revision, in order. */
  eventsAfter(revision: number, prefix: string, share: Share): StoreEvent[] {
    // U+10FFFF sorts after every character that keys can hold.
    const rows = this.#after.iterate(revision, prefix, `${prefix}\u{10FFFF}`)
    return Array.from(rows as Iterable<unknown> as Iterable<LogRow>, (row) => eventOf(row, share))
  }

  append(events: readonly StoreEvent[]): void {
    this.#transaction(() => {
      for (const event of events) {
        const { revision, previous } = event
        const entry = event.type === 'put' ? event.entry : event.previous
        const value = event.type === 'put' ? event.entry.value : null
        this.#append.run(revision, entry.key, value, entry.createRevision, previous?.modRevision ?? 0)
      }
    })
  }

  markCompacted(revision: number): void {
    this.#database.prepare('UPDATE horizon SET compacted = ?').run(revision)
  }

  /** Deletes what only history up to `to` needs; everything up to `from` has been swept before. */
  sweep(from: number, to: number): void {
    this.#transaction(() => {
      this.#sweepReplaced.run(from, to)
      this.#sweepRemovals.run(from, to)
      this.#database.prepare('UPDATE horizon SET swept = ?').run(to)
    })
  }

  /** All of it is committed, or nothing. */
  #transaction(run: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      run()
      this.#database.exec('COMMIT')
    } catch (error) {
      // SQLite itself rolls back after some failures, such as a full disk.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }
}

function entryOf({ key, value, createRevision, modRevision }: EntryRow): Entry {
  return { key, value, createRevision, modRevision }
}

function eventOf(row: LogRow, share: Share): StoreEvent {
  const { key, revision, value, createRevision } = row
  const previous = previousOf(row, share)
  if (value !== null) {
    return { type: 'put', revision, entry: share({ key, value, createRevision, modRevision: revision }), previous }
  }
  if (previous === undefined) throw new Error(`revision ${revision} removes ${key}, but what it removed is not there`)
  return { type: 'delete', revision, previous }
}

function previousOf(row: LogRow, share: Share): Entry | undefined {
  const { key, previousRevision, previousValue, previousCreateRevision } = row
  if (previousRevision === null || previousValue === null || previousCreateRevision === null) return undefined
  return share({ key, value: previousValue, createRevision: previousCreateRevision, modRevision: previousRevision })
}
