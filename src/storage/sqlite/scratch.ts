import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '../store.ts'
import type { OpenedStore } from '../store.contract.ts'
import { openSqliteStore } from './sqlite-store.ts'

/** A folder of its own for one test, and the path of a database in it. */
export function scratchDatabase(): { folder: string; path: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-store-'))
  return { folder, path: join(folder, 'state.db'), remove: () => rmSync(folder, { recursive: true }) }
}

export async function openScratchStore(): Promise<OpenedStore> {
  const { path, remove } = scratchDatabase()
  const store = openSqliteStore(path)
  let current: Store = store
  return {
    store,
    async reopen() {
      await current.close()
      current = openSqliteStore(path)
      return current
    },
    async dispose() {
      await current.close()
      remove()
    },
  }
}
