import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
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

test('a real collection gives back what nothing refers to', async () => {
  // In a process of its own, as one that has run other tests may hold on to anything.
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
  const program = `
    const { ManualClock } = await import(${module('../base/manual-clock.ts')})
    const { giveBackMemory } = await import(${module('give-back-memory.ts')})
    const clock = new ManualClock()
    const reference = new WeakRef({ text: 'x' })
    giveBackMemory({ clock, spentMs: () => 0 })
    // What a WeakRef has been made of lives until the end of the turn.
    setImmediate(() => {
      console.log(reference.deref() === undefined ? 'gone already' : 'there')
      setImmediate(() => {
        clock.advance(5000)
        console.log(reference.deref() === undefined ? 'gone' : 'there')
      })
    })`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  expect(stdout).toBe('there\ngone\n')
})
