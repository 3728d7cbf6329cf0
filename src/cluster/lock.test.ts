import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { exclusively } from './lock.ts'

const name = `test-${process.pid}`
const turn = () => new Promise((next) => setImmediate(next))

test('work under one name is done one after the other', async () => {
  const order: string[] = []
  const work = (who: string) => async () => {
    order.push(`${who} begins`)
    await turn()
    order.push(`${who} ends`)
    return who
  }
  const done = ['first', 'second'].map((who) => exclusively(name, work(who)))
  expect(await Promise.all(done)).toEqual(['first', 'second'])
  expect(order).toEqual(['first begins', 'first ends', 'second begins', 'second ends'])
})

test('names do not concern one another', async () => {
  expect(await exclusively(`${name}-one`, () => exclusively(`${name}-two`, async () => 'both'))).toBe('both')
})

test('work that fails makes room as well', async () => {
  await expect(exclusively(name, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect(await exclusively(name, async () => 'next')).toBe('next')
})

test('a worker that is killed makes room', async () => {
  const script = `import { exclusively } from ${JSON.stringify(join(import.meta.dirname, 'lock.ts'))}
    await exclusively(${JSON.stringify(name)}, async () => {
      console.log('working')
      await new Promise((never) => setInterval(() => {}, 1000))
    })`
  const args = ['--input-type=module-typescript', '-e', script]
  const worker = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void worker.kill('SIGKILL'))
  await once(worker.stdout, 'data')
  let next = 'waits'
  const waiting = exclusively(name, async () => (next = 'works'))
  await turn()
  expect(next).toBe('waits')
  worker.kill('SIGKILL')
  expect(await waiting).toBe('works')
})

test('is not waited for any longer than one wants to', async () => {
  const interrupted = AbortSignal.abort(new Error('interrupted'))
  const second = () => exclusively(name, async () => 'second', interrupted)
  await expect(exclusively(name, second)).rejects.toThrow('interrupted')
})
