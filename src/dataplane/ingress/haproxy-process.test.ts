import { expect, onTestFinished, test } from 'vitest'
import { atRest } from '../../base/at-rest.ts'
import { silentLog } from '../../base/log.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { scratch } from '../../kernel/test-scratch.ts'
import { HaproxyProcess } from './haproxy-process.ts'

/** The start of a program that never answers at its runtime socket. */
async function mute() {
  const folder = await scratch()
  onTestFinished(() => folder[Symbol.asyncDispose]())
  const clock = new ManualClock()
  const program = Promise.withResolvers<number | null>()
  const kill = () => program.resolve(null)
  const processes = { ...realProcesses, start: () => ({ ended: program.promise, write: () => {}, endInput: () => {}, kill }) }
  const started = HaproxyProcess.start({ processes, clock, log: silentLog, directory: folder.path, onRequest: () => {} }, { number: 1 })
  const outcome = started.then(() => 'serves', (error: Error) => error.message)
  return { clock, program, outcome }
}

test('one that does not answer in time is ended', async () => {
  const { clock, program, outcome } = await mute()
  const done = { isOver: false }
  void outcome.then(() => (done.isOver = true))
  while (!done.isOver) {
    clock.advance(1_000)
    await atRest()
  }
  expect(await outcome).toBe('HAProxy does not answer within 20000 ms of its start')
  expect(await Promise.race([program.promise, 'it runs'])).toBeNull()
})

test('one that has ended is not waited for', async () => {
  const { clock, program, outcome } = await mute()
  program.resolve(1)
  expect(await outcome).toBe('HAProxy ended at its start: ')
  clock.advance(1_000)
  await atRest()
  expect(clock.nextTimerMs).toBeUndefined()
})
