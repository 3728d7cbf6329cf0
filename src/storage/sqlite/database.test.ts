import { closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StoreUnusable } from './database.ts'
import { scratchDatabase } from './scratch.ts'
import { openSqliteStore } from './sqlite-store.ts'

let scratch: ReturnType<typeof scratchDatabase>

beforeEach(() => {
  scratch = scratchDatabase()
})

afterEach(() => scratch.remove())

/** What opening fails with. */
function refusalOf(path: string): unknown {
  try {
    void openSqliteStore(path).close()
    return undefined
  } catch (error) {
    return error
  }
}

function unusable(path: string, problem: StoreUnusable['problem'], message: string) {
  const name = 'StoreUnusable'
  return expect.objectContaining({ name, path, problem, message: expect.stringContaining(`${path}: ${message}`) })
}

async function fillDatabase(): Promise<void> {
  const store = openSqliteStore(scratch.path)
  const value = 'x'.repeat(1000)
  await Promise.all(Array.from({ length: 200 }, (_, index) => store.create(`/registry/pods/${index}`, value)))
  await store.close()
}

function executeOn(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

test('refuses a database of a newer schema', async () => {
  await fillDatabase()
  executeOn(scratch.path, 'PRAGMA user_version = 99')
  const message = 'has schema version 99, this program knows up to 1'
  expect(refusalOf(scratch.path)).toEqual(unusable(scratch.path, 'newer-schema', message))
})

test('refuses a database of another program', () => {
  executeOn(scratch.path, 'CREATE TABLE notes (text TEXT)')
  expect(refusalOf(scratch.path)).toEqual(unusable(scratch.path, 'foreign', 'is a database of another program'))
})

test('refuses a database that another server holds, also before its first write', async () => {
  const store = openSqliteStore(scratch.path)
  try {
    expect(refusalOf(scratch.path)).toEqual(unusable(scratch.path, 'locked', 'is in use by another server'))
    await store.create('/registry/pods/a', 'still works')
  } finally {
    await store.close()
  }
})

test('refuses a file that is no database', () => {
  writeFileSync(scratch.path, 'not a database, but long enough to be looked at as if it were one. '.repeat(100))
  expect(refusalOf(scratch.path)).toEqual(unusable(scratch.path, 'corrupt', 'is damaged (file is not a database)'))
})

test('refuses a database with damaged pages', async () => {
  await fillDatabase()
  const file = openSync(scratch.path, 'r+')
  for (let at = 8192; at < statSync(scratch.path).size; at += 4096) writeSync(file, Buffer.alloc(64, 0xff), 0, 64, at)
  closeSync(file)
  const message = 'is damaged (database disk image is malformed)'
  expect(refusalOf(scratch.path)).toEqual(unusable(scratch.path, 'corrupt', message))
})

test('refuses a folder that cannot be written', () => {
  // Not even root can create files there.
  const path = '/proc/self/state.db'
  const message = 'cannot be written (unable to open database file); check that its folder exists and is writable'
  expect(refusalOf(path)).toEqual(unusable(path, 'not-writable', message))
})

test('refuses a folder that is not there', () => {
  const path = join(scratch.folder, 'missing', 'state.db')
  expect(refusalOf(path)).toEqual(unusable(path, 'not-writable', 'cannot be written'))
})

test('a refused database can be opened by who may', async () => {
  await fillDatabase()
  executeOn(scratch.path, 'PRAGMA user_version = 99')
  expect(refusalOf(scratch.path)).toBeDefined()
  executeOn(scratch.path, 'PRAGMA user_version = 1')
  const store = openSqliteStore(scratch.path)
  expect((await store.list('/')).entries).toHaveLength(200)
  await store.close()
})

test('lives in memory on request', async () => {
  const store = openSqliteStore(':memory:')
  await store.create('/registry/pods/a', 'one')
  expect((await store.list('/registry/pods/', { revision: 0 })).entries).toEqual([])
  await store.close()
})
