import { expect, test } from 'vitest'
import { Heard } from './heard.ts'
import { TraceError } from './trace-error.ts'

const open = new AbortController().signal
const word = (text: string) => /\w+(?= )/.exec(text)?.[0]

test('what is waited for is found when it has been said, in whatever pieces', async () => {
  const heard = new Heard()
  const found = heard.until(word, open)
  for (const piece of ['', 'he', 'llo', ' you']) heard.hear(piece)
  expect(await found).toBe('hello')
  expect(await heard.until(word, open)).toBe('hello')
})

test('who waits in vain hears why', async () => {
  const heard = new Heard()
  const found = heard.until(word, open)
  heard.end('it has ended')
  await expect(found).rejects.toThrow(new TraceError('it has ended'))
  await expect(heard.until(word, open)).rejects.toThrow('it has ended')
  await expect(new Heard().until(word, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
})
