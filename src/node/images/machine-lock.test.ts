import { expect, test } from 'vitest'
import { holdLock } from './machine-lock.ts'

test('one holder at a time; those who wait get it one after the other', async () => {
  const name = `test-${process.pid}`
  const order: string[] = []
  const first = await holdLock(name)
  const others = ['a', 'b', 'c'].map(async (who) => {
    const lock = await holdLock(name)
    order.push(`${who} in`)
    await new Promise(setImmediate)
    order.push(`${who} out`)
    await lock.release()
  })
  const other = await holdLock(`${name}-other`)
  await other.release()
  expect(order).toEqual([])
  await first.release()
  await Promise.all(others)
  expect(order).toHaveLength(6)
  for (let i = 0; i < 6; i += 2) expect(order[i + 1]).toBe(order[i]?.replace('in', 'out'))
})
