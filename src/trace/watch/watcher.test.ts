import { expect, test } from 'vitest'
import { FakeProcesses } from '../../kernel/fake-processes.ts'
import { Watcher } from './watcher.ts'

const place = { name: 'node-1', netns: '/netns' }
const table = { table: 'mine', rules: '' }
/** The kernel tells every trace of every packet that is marked. */
const ofAnother = 'trace id 3a1f8e2c inet theirs prerouting packet: iif "veth0" ip saddr 10.108.1.2 \n'

function starting(...said: readonly string[]): Promise<Watcher> {
  const processes = new FakeProcesses()
  const started = Watcher.start(place, table, { processes })
  for (const piece of said) processes.started[0]?.options.onStdout?.(piece)
  processes.started[0]?.options.onStderr?.('listening\n')
  return started
}

test('another trace in the same place is no reason not to begin', async () => {
  const watcher = await starting(ofAnother, 'trace i')
  expect(watcher.place).toBe(place)
  await watcher.end()
})

test('what nft complains of is one', async () => {
  await expect(starting(ofAnother, 'Error: syntax error, unexpected newline\n')).rejects.toThrow(
    'packets cannot be followed in node-1: Error: syntax error, unexpected newline',
  )
})
