import { expect, test } from 'vitest'
import { Turns } from './turns.ts'

test('work under one key is done in order, also after work that failed', async () => {
  const turns = new Turns()
  const steps: string[] = []
  const first = Promise.withResolvers<void>()
  const failing = turns.take('a', async () => {
    await first.promise
    steps.push('first')
    throw new Error('no')
  })
  const second = turns.take('a', async () => void steps.push('second'))
  await turns.take('b', async () => void steps.push('of another key'))
  first.resolve()
  await expect(failing).rejects.toThrow('no')
  await second
  expect(steps).toEqual(['of another key', 'first', 'second'])
})

test('work gives its result', async () => {
  const turns = new Turns()
  expect(await turns.take('a', async () => 1)).toBe(1)
  expect(await turns.take('a', async () => 2)).toBe(2)
})
