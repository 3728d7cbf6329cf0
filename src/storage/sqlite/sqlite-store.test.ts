import { expect, test } from 'vitest'
import { storeContract } from '../store.contract.ts'
import { openScratchStore } from './scratch.ts'
import { openSqliteStore } from './sqlite-store.ts'

storeContract('SQLite store', openScratchStore)

test('tells how long each transaction took, and how many writes it made durable', async () => {
  let now = 0
  const told: [number, number][] = []
  const clock = { monotonicMs: () => (now += 5) }
  const store = openSqliteStore(':memory:', { clock, committed: (writes, durationMs) => void told.push([writes, durationMs]) })
  await Promise.all([store.create('/registry/pods/a', ''), store.create('/registry/pods/b', '')])
  await expect(store.create('/registry/pods/a', '')).rejects.toThrow('key exists')
  await store.delete('/registry/pods/a', 1)
  await store.close()
  expect(told).toEqual([
    [2, 5],
    [1, 5],
  ])
})
