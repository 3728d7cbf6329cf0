import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../base/log.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { listenOnHost } from '../kernel/sockets.ts'
import type { ProcessState } from './state.ts'
import { type ProcessSpec, SupervisedProcess } from './supervised-process.ts'

let folder: string
let logFile: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-process-'))
  logFile = join(folder, 'log')
})
afterEach(() => rm(folder, { recursive: true }))

interface Started {
  readonly clock: ManualClock
  readonly supervised: SupervisedProcess
  /** Settles when supervision ends. */
  readonly run: Promise<void>
  /** Every state that was told, in order. */
  readonly told: readonly ProcessState['state'][]
}

/** Supervises a process in the test's own network namespace. */
function supervise(
  command: ProcessSpec['command'],
  spec: Partial<ProcessSpec> = {},
  clock = new ManualClock(),
): Started {
  const told: ProcessState['state'][] = []
  const changed = () => void told.push(supervised.state.state)
  const own = { name: 'worker', netns: '/proc/self/ns/net', logFile, command }
  const supervised = new SupervisedProcess({ ...own, ...spec }, { clock, log: silentLog, changed })
  const run = supervised.run()
  run.catch(() => {})
  onTestFinished(async () => {
    // Whatever ignores SIGTERM must not outlive a failing test.
    const stopped = supervised.stop()
    clock.advance(60_000)
    await stopped
  })
  return { clock, supervised, run, told }
}

const withoutPauses = new (class extends ManualClock {
  override sleep = async () => {}
})()

const node = (script: string) => [process.execPath, '-e', script] as const
const stayReady = `process.send('ready'); setInterval(() => {}, 1000)`

test('tells when the process is ready, and its id', async () => {
  const { supervised, run, told } = supervise(node(stayReady))
  expect(supervised.state).toEqual({ name: 'worker', pid: undefined, state: 'starting', restarts: 0 })
  await supervised.ready
  const { pid = 0 } = supervised.state
  expect(supervised.state).toEqual({ name: 'worker', pid, state: 'ready', restarts: 0 })
  expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).toContain('process.send')
  await supervised.stop()
  await run
  expect(supervised.state).toEqual({ name: 'worker', pid: undefined, state: 'stopped', restarts: 0 })
  expect(told).toEqual(['starting', 'ready', 'stopped'])
})

test('appends what the process prints to its log', async () => {
  const { clock } = supervise(['sh', '-c', 'echo out; echo err >&2'])
  await expect.poll(() => clock.nextTimerMs).toBe(100)
  clock.advance(100)
  await expect.poll(() => readFile(logFile, 'utf8')).toBe('out\nerr\nout\nerr\n')
})

describe('a process that ends', () => {
  test('is started again, after a pause that doubles', async () => {
    const { clock, supervised } = supervise(['sh', '-c', 'exit 3'])
    for (const [restarts, pauseMs] of [100, 200, 400].entries()) {
      await expect.poll(() => clock.nextTimerMs).toBe(pauseMs)
      expect(supervised.state).toEqual({ name: 'worker', pid: undefined, state: 'restarting', restarts: restarts + 1, lastEnd: { exitCode: 3 } })
      clock.advance(pauseMs)
    }
  })

  test('is started at once again when it had run well', async () => {
    const { clock, supervised, told } = supervise(node(stayReady))
    for (const aliveMs of [0, 0, 30_001]) {
      await expect.poll(() => supervised.state.state).toBe('ready')
      clock.advance(aliveMs)
      process.kill(supervised.state.pid ?? 0, 'SIGKILL')
      await expect.poll(() => supervised.state.state).toBe('restarting')
      expect(clock.nextTimerMs).toBe(aliveMs === 0 && supervised.state.restarts === 2 ? 100 : 0)
      clock.advance(100)
    }
    await expect.poll(() => supervised.state.state).toBe('ready')
    expect(told.filter((state) => state === 'ready')).toHaveLength(4)
  })

  test('time and again before it was ever ready fails, naming its log', async () => {
    const { run } = supervise(['sh', '-c', 'exit 3'], {}, withoutPauses)
    await expect(run).rejects.toThrow(`worker does not start: it ended with exit code 3, 6 times; see ${logFile}`)
  })

  test('by a signal is told to have, also when it runs again', async () => {
    const { supervised } = supervise(node(stayReady), {}, withoutPauses)
    await supervised.ready
    process.kill(supervised.state.pid ?? 0, 'SIGKILL')
    await expect.poll(() => supervised.state).toMatchObject({ state: 'ready', restarts: 1, lastEnd: { signal: 'SIGKILL' } })
  })

  test('because there is no such program fails in the same way', async () => {
    const { run } = supervise(['/no/such/program'], {}, withoutPauses)
    await expect(run).rejects.toThrow('worker does not start: it ended with exit code 127')
    expect(await readFile(logFile, 'utf8')).toContain('/no/such/program')
  })
})

describe('stop', () => {
  test('kills a process that ignores SIGTERM', async () => {
    const { clock, supervised, run } = supervise(node(`process.on('SIGTERM', () => {}); ${stayReady}`))
    await supervised.ready
    const { pid = 0 } = supervised.state
    const stopped = supervised.stop()
    expect(clock.nextTimerMs).toBe(5000)
    clock.advance(5000)
    await stopped
    await run
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  test('does not wait for the end of a pause', async () => {
    const { clock, supervised, run } = supervise(['false'])
    await expect.poll(() => clock.nextTimerMs).toBe(100)
    await supervised.stop()
    await run
    expect(clock.nextTimerMs).toBeUndefined()
  })

  test('keeps a process from being started that is only prepared', async () => {
    const prepared = Promise.withResolvers<void>()
    const closed = Promise.withResolvers<void>()
    const sockets = async () => {
      const socket = await listenOnHost('127.0.0.1', 0)
      socket.on('close', () => closed.resolve())
      return [{ message: { listener: 'api' }, socket }]
    }
    const { supervised, run } = supervise(node(stayReady), { prepare: () => prepared.promise, sockets })
    await supervised.stop()
    prepared.resolve()
    await run
    expect(supervised.state).toMatchObject({ pid: undefined, state: 'stopped' })
    await closed.promise
  })
})

describe('listening sockets', () => {
  const accept = `process.on('message', (message, server) =>
    server.on('connection', (socket) => socket.end(message.listener + ' of ' + process.pid)))
    process.send('ready')`

  test('are handed over, to the next process as well', async () => {
    let port = 0
    const sockets = async () => {
      const socket = await listenOnHost('127.0.0.1', port)
      port = (socket.address() as AddressInfo).port
      return [{ message: { listener: 'api' }, socket }]
    }
    const { clock, supervised } = supervise(node(accept), { sockets })
    for (const restarts of [0, 1]) {
      await expect.poll(() => supervised.state).toMatchObject({ state: 'ready', restarts })
      await expect.poll(() => answerOf(port)).toBe(`api of ${supervised.state.pid}`)
      process.kill(supervised.state.pid ?? 0, 'SIGKILL')
      await expect.poll(() => clock.nextTimerMs).toBeDefined()
      clock.advance(10_000)
    }
  })

  test('that cannot be opened fail the first start', async () => {
    const { run } = supervise(node(accept), { sockets: () => Promise.reject(new Error('127.0.0.1:6443 is in use')) })
    await expect(run).rejects.toThrow('127.0.0.1:6443 is in use')
  })

  test('that cannot be opened later are tried again: what runs must not end for it', async () => {
    let tries = 0
    const sockets = async () => {
      tries += 1
      if (tries === 2) throw new Error('127.0.0.1:6443 is in use')
      return [{ message: { listener: 'api' }, socket: await listenOnHost('127.0.0.1', 0) }]
    }
    const { clock, supervised } = supervise(node(accept), { sockets })
    await supervised.ready
    process.kill(supervised.state.pid ?? 0, 'SIGKILL')
    await expect.poll(() => clock.nextTimerMs).toBe(0)
    clock.advance(0)
    await expect.poll(() => clock.nextTimerMs).toBe(100)
    clock.advance(100)
    await expect.poll(() => supervised.state).toMatchObject({ state: 'ready', restarts: 2 })
  })
})

/** '' for a connection that was reset. */
async function answerOf(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  let answer = ''
  socket.on('data', (text: string) => (answer += text)).on('error', () => {})
  await once(socket, 'close')
  return answer
}

describe('a program that does not say when it is ready', () => {
  test('is ready when it is found to be', async () => {
    const found = Promise.withResolvers<void>()
    const { supervised, told } = supervise(['sleep', '60'], { untilReady: () => found.promise })
    await expect.poll(() => supervised.state.pid).toBeDefined()
    expect(supervised.state.state).toBe('starting')
    found.resolve()
    await supervised.ready
    expect(told.at(-1)).toBe('ready')
  })

  test('is not, if it has ended meanwhile', async () => {
    const ends: AbortSignal[] = []
    const untilReady = (signal: AbortSignal) => {
      ends.push(signal)
      return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    }
    const { supervised, told } = supervise(['true'], { untilReady, isOptional: true }, withoutPauses)
    await expect.poll(() => ends.length).toBeGreaterThan(3)
    // Or it would go on writing logs into a folder that is being removed.
    await supervised.stop()
    expect(ends.slice(0, 3).map(({ aborted }) => aborted)).toEqual([true, true, true])
    expect(told).not.toContain('ready')
  })
})

test('a look that fails is not the last: one command that goes wrong keeps no process from being ready', async () => {
  let looks = 0
  const untilReady = async () => {
    looks += 1
    if (looks < 3) throw new Error('ip: no memory')
  }
  const { supervised } = supervise(['sleep', '60'], { untilReady }, withoutPauses)
  await supervised.ready
  expect([looks, supervised.state.state, supervised.state.restarts]).toEqual([3, 'ready', 0])
})

test('what goes wrong for days is told in a few lines, and what it says itself does not fill the disk', async () => {
  const said: object[] = []
  const log = { ...silentLog, error: (fields: object) => void said.push(fields) }
  await writeFile(logFile, 'x'.repeat((1 << 20) + 1))
  let tries = 0
  const prepare = async () => {
    tries += 1
    if (tries < 100) throw new Error('no such device')
  }
  const spec: ProcessSpec = { name: 'worker', netns: '/proc/self/ns/net', logFile, command: node(`console.log('at last'); ${stayReady}`), prepare, isOptional: true }
  const supervised = new SupervisedProcess(spec, { clock: withoutPauses, log, changed: () => {} })
  const run = supervised.run()
  onTestFinished(async () => {
    await supervised.stop()
    await run
  })
  await supervised.ready
  expect(said.map((fields) => (fields as { times: number }).times)).toEqual([1, 2, 4, 8, 16, 32, 64])
  expect(supervised.state.lastEnd).toEqual({ error: 'no such device' })
  await expect.poll(() => readFile(logFile, 'utf8')).toBe('at last\n')
  expect((await stat(`${logFile}.old`)).size).toBe((1 << 20) + 1)
})

test('what a cluster does without is tried on and on, whatever the matter is', async () => {
  let tries = 0
  const prepare = async () => {
    tries += 1
    if (tries <= 10) throw new Error('not yet')
  }
  const { supervised } = supervise(node(stayReady), { prepare, isOptional: true }, withoutPauses)
  await supervised.ready
  expect(supervised.state.restarts).toBe(10)
})
