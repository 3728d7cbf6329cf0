import { expect, test } from 'vitest'
import { ManualClock } from '../base/manual-clock.ts'
import { giveBackMemory } from './give-back-memory.ts'

test('memory is given back once, when the process has been idle for a while', () => {
  const clock = new ManualClock()
  let spentMs = 1000
  let collections = 0
  giveBackMemory({ clock, spentMs: () => spentMs, collect: () => (collections += 1) })
  const pass = (busyMs: number) => {
    spentMs += busyMs
    clock.advance(5000)
    return collections
  }
  expect([pass(2000), pass(300), pass(200), pass(0), pass(0)]).toEqual([0, 0, 1, 1, 1])
})

test('a real collection gives back what nothing refers to', () => {
  const clock = new ManualClock()
  let kept: { text: string } | undefined = { text: 'x' }
  const reference = new WeakRef(kept)
  kept = undefined
  giveBackMemory({ clock, spentMs: () => 0 })
  return new Promise<void>((resolve) => {
    // What a WeakRef has been asked for lives until the end of the turn.
    setImmediate(() => {
      clock.advance(5000)
      expect(kept ?? reference.deref()).toBeUndefined()
      resolve()
    })
  })
})
