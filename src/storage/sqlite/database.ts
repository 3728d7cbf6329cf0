import { DatabaseSync } from 'node:sqlite'

/** Written into the file's header, so that no other program's database is taken for ours. */
const applicationId = 0x504f5254
const schemaVersion = 1

export type StoreProblem = 'locked' | 'newer-schema' | 'foreign' | 'corrupt' | 'not-writable' | 'failed'

/** A database file that cannot be used; the message names the file, what is wrong and what to do. */
export class StoreUnusable extends Error {
  override readonly name = 'StoreUnusable'
  readonly problem: StoreProblem
  readonly path: string

  constructor(problem: StoreProblem, path: string, message: string, options?: ErrorOptions) {
    super(`${path}: ${message}`, options)
    this.problem = problem
    this.path = path
  }
}

/**
 * Opens or creates the database and takes it for this process alone. Throws `StoreUnusable`.
 *
 * `log` has one row for every write that is still remembered. The live entries are the rows that no other row names
 * as its `previous`, except those of removals.
 */
export function openDatabase(path: string): DatabaseSync {
  return guarded(path, () => {
    const database = new DatabaseSync(path)
    try {
      prepare(database, path)
      return database
    } catch (error) {
      database.close()
      throw error
    }
  })
}

/** Runs what touches the file; what SQLite throws becomes a `StoreUnusable`. */
export function guarded<T>(path: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw error instanceof Error && 'errcode' in error ? explain(path, error, Number(error.errcode)) : error
  }
}

function prepare(database: DatabaseSync, path: string): void {
  // Exclusive before the first access to the WAL: it keeps a second server out and needs no shared-memory file.
  database.exec('PRAGMA locking_mode = EXCLUSIVE')
  const version = pragma(database, 'user_version')
  const owner = pragma(database, 'application_id')
  const isNew = owner === 0 && version === 0 && pragma(database, 'schema_version') === 0
  if (!isNew && owner !== applicationId) {
    throw new StoreUnusable('foreign', path, 'is a database of another program; choose another folder for the state')
  }
  if (version > schemaVersion) {
    const message = `has schema version ${version}, this program knows up to ${schemaVersion}; use the newer program`
    throw new StoreUnusable('newer-schema', path, message)
  }
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  // Takes the write lock now, and fails now if the file cannot be written.
  database.exec('BEGIN IMMEDIATE')
  if (isNew) database.exec(schema)
  database.exec('COMMIT')
}

const schema = `
  CREATE TABLE log (
    revision        INTEGER PRIMARY KEY,
    key             TEXT NOT NULL,
    value           TEXT,              -- NULL: the key was removed
    create_revision INTEGER NOT NULL,
    previous        INTEGER NOT NULL   -- revision of the version that was replaced or removed; 0 if there was none
  ) STRICT;
  CREATE TABLE horizon (
    compacted INTEGER NOT NULL,        -- history up to here may not be read any more
    swept     INTEGER NOT NULL         -- history up to here has been deleted
  ) STRICT;
  INSERT INTO horizon VALUES (0, 0);
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}

/** Primary result codes: https://www.sqlite.org/rescode.html */
function explain(path: string, cause: Error, code: number): StoreUnusable {
  const options = { cause }
  switch (code & 0xff) {
    case 5: // BUSY
    case 6: // LOCKED
      return new StoreUnusable('locked', path, 'is in use by another server; stop that one first', options)
    case 11: // CORRUPT
    case 26: // NOTADB
      return new StoreUnusable('corrupt', path, `is damaged (${cause.message}); restore it from a copy`, options)
    case 3: // PERM
    case 8: // READONLY
    case 14: {
      // CANTOPEN
      const message = `cannot be written (${cause.message}); check that its folder exists and is writable`
      return new StoreUnusable('not-writable', path, message, options)
    }
    case 13: // FULL
      return new StoreUnusable('not-writable', path, 'cannot grow: the disk is full', options)
    default:
      return new StoreUnusable('failed', path, cause.message, options)
  }
}
