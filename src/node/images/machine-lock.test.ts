import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { holdLock } from './machine-lock.ts'

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'lock-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return directory
}

test('one holder at a time; those who wait get it one after the other', async () => {
  const directory = await temporary()
  const order: string[] = []
  const first = await holdLock(join(directory, 'lock'))
  const others = ['a', 'b', 'c'].map(async (who) => {
    const lock = await holdLock(join(directory, 'lock'))
    order.push(`${who} in`)
    await new Promise(setImmediate)
    order.push(`${who} out`)
    await lock.release()
  })
  const other = await holdLock(join(directory, 'other'))
  await other.release()
  expect(order).toEqual([])
  await first.release()
  await Promise.all(others)
  expect(order).toHaveLength(6)
  for (let i = 0; i < 6; i += 2) expect(order[i + 1]).toBe(order[i]?.replace('in', 'out'))
})

test('a file that cannot be locked is an error', async () => {
  const directory = await temporary()
  await expect(holdLock(join(directory, 'missing', 'lock'))).rejects.toThrow('No such file or directory')
})
