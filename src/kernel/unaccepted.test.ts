import { expect, onTestFinished, test } from 'vitest'
import { realProcesses } from './real-processes.ts'
import { TestNetwork } from './test-network.ts'
import { unacceptedConnections, unacceptedIn } from './unaccepted.ts'

test('what waits to be accepted is the queue of listeners, and handshakes that are not over', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 00000000:1F90 00000000:0000 0A 00000000:0000000B 00:00000000 00000000     0        0 100 1',
    '   1: 0100007F:1F90 0100007F:C350 01 00000000:000000FF 00:00000000 00000000     0        0 101 1',
    '   2: 0100007F:1F90 0100007F:C351 03 00000000:00000000 01:00000000 00000000     0        0 0 1',
    '',
  ].join('\n')
  expect(unacceptedIn(table)).toBe(12)
})

test('a connection that was made after its listener was looked at counts, because no program has it', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1',
    '   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 0 1',
    '',
  ].join('\n')
  expect(unacceptedIn(table)).toBe(1)
})

/** Says its id and listens, on IPv6 and IPv4 alike. */
const listen = `require('node:net').createServer().listen(8080, () => console.error(process.pid))`
const connect = `require('node:net').connect(8080, '127.0.0.1').on('connect', () => console.error('connected'))`

test('connections to a program that is held up wait, until it goes on', async () => {
  await using network = new TestNetwork()
  const { path } = await network.namespace('pod')
  let said = ''
  const start = (script: string) => {
    const program = realProcesses.start([process.execPath, '-e', script], { netns: path, onStderr: (text) => (said += text) })
    onTestFinished(() => program.kill())
  }
  start(listen)
  await expect.poll(() => said).toMatch(/^\d+\n$/)
  const pid = Number(said)
  expect(await unacceptedConnections(pid)).toBe(0)
  process.kill(pid, 'SIGSTOP')
  start(connect)
  await expect.poll(() => said).toContain('connected')
  expect(await unacceptedConnections(pid)).toBe(1)
  process.kill(pid, 'SIGCONT')
  await expect.poll(() => unacceptedConnections(pid)).toBe(0)
})

test('of a process that has gone nothing is known', async () => {
  expect(await unacceptedConnections(2 ** 22 + 1)).toBeUndefined()
})
