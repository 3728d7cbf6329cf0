import { expect, test } from 'vitest'
import { TraceError } from '../trace-error.ts'
import { parseTarget } from '../target.ts'
import { remoteCall } from './remote-call.ts'

test('a program that says nothing is given up, and ended', async () => {
  const ended = Promise.withResolvers<number>()
  const written: string[] = []
  const program = { ended: ended.promise, write: (text: string) => void written.push(text), endInput: () => ended.resolve(0), kill: () => undefined }
  const call = remoteCall({ target: parseTarget('10.0.0.1:80'), timeoutMs: 1 }, '/proc/1/ns/net', { processes: { start: () => program }, caller: ['caller'] })
  await expect(call).rejects.toThrow(new TraceError('the program that connects has said nothing for 0.008 s: is the machine too busy?'))
  expect(await ended.promise).toBe(0)
  expect(written).toEqual([expect.stringContaining('"host":"10.0.0.1"')])
})
