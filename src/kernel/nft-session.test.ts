import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { FakeProcesses, type FakeRunningProcess } from './fake-processes.ts'
import { nftSession, type NftSessionOptions } from './nft-session.ts'
import { NftError, type NftElement, type NftOperation } from './nft.ts'
import type { RunningProcess } from './processes.ts'
import { realProcesses } from './real-processes.ts'
import { newNamespace, scratch } from './test-scratch.ts'

const table = 'trial'
const load: NftOperation = {
  op: 'load',
  text: `table inet ${table} {\n set seen { type ipv4_addr . inet_service; }\n}`,
}

function add(...elements: readonly NftElement[]): NftOperation {
  return { op: 'add-elements', table, set: 'seen', elements }
}

function remove(...elements: readonly NftElement[]): NftOperation {
  return { op: 'delete-elements', table, set: 'seen', elements }
}

const one: NftElement = { key: '10.0.0.1 . 80' }

function numbered(count: number): NftElement[] {
  return Array.from({ length: count }, (_, index) => ({ key: `10.1.${index >> 8}.${index & 255} . 80` }))
}

/** A session in a namespace of its own. `started` are its processes, oldest first. */
async function open(cleanup: AsyncDisposableStack, options: Partial<NftSessionOptions> = {}) {
  const netns = await newNamespace(cleanup)
  const { path: scratchDirectory } = cleanup.use(await scratch())
  const started: RunningProcess[] = []
  let isToDie = false
  const killAtNextWrite = () => void (isToDie = true)
  const processes: NftSessionOptions['processes'] = {
    ...realProcesses,
    start: (command, startOptions) => {
      const process = realProcesses.start(command, startOptions)
      started.push(process)
      const write = (input: string) => {
        process.write(input)
        if (isToDie) process.kill()
        isToDie = false
      }
      return { ...process, write }
    },
  }
  const nft = cleanup.use(nftSession({ processes, clock: systemClock, netns, scratchDirectory, ...options }))
  return { nft, started, scratchDirectory, killAtNextWrite }
}

describe('in the kernel', () => {
  test('transactions are applied in the order of the calls', async () => {
    await using cleanup = new AsyncDisposableStack()
    const { nft, started } = await open(cleanup)
    const turns = Array.from({ length: 20 }, () => [[add(one)], [remove(one)]]).flat()
    await Promise.all([[load], ...turns].map((operations) => nft.transaction(operations)))
    expect(await nft.elements(table, 'seen')).toEqual([])
    expect(started).toHaveLength(1)
  })

  test('a refused transaction says why in words of its own, and the next is applied by the same process', async () => {
    await using cleanup = new AsyncDisposableStack()
    const { nft, started } = await open(cleanup)
    await nft.transaction([load])
    for (const { refused, message } of [
      {
        refused: [add(...numbered(20)), remove({ key: '10.0.0.9 . 80' })],
        message:
          '24:1-13: Error: Could not process rule: No such file or directory\n10.0.0.9 . 80\n^^^^^^^^^^^^^',
      },
      {
        refused: [{ op: 'load', text: 'table inet {' } as const],
        message: "1:12-12: Error: syntax error, unexpected '{', expecting string\ntable inet {\n           ^",
      },
      {
        refused: [{ op: 'load', text: 'table inet two {' } as const],
        message: 'Error: syntax error, unexpected end of file', // nft names no place in what ends too early
      },
    ]) {
      await expect(nft.transaction(refused)).rejects.toEqual(new NftError(message))
      await nft.transaction([add(one), remove(one)])
    }
    expect(await nft.elements(table, 'seen')).toEqual([])
    expect(started).toHaveLength(1)
  })

  test('when nft is killed, its transaction rejects, applied whole or not at all, and another follows', async () => {
    await using cleanup = new AsyncDisposableStack()
    const { nft, started, killAtNextWrite } = await open(cleanup)
    await nft.transaction([load])
    const many = numbered(20_000)
    killAtNextWrite()
    const failure: unknown = await nft.transaction([add(...many)]).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(NftError)
    expect(String(failure)).toContain('may or may not be applied: exit by signal')
    expect([0, many.length]).toContain((await nft.elements(table, 'seen'))?.length)
    await nft.transaction([add(one)])
    expect(await nft.elements(table, 'seen')).toContain(one.key)
    expect(started).toHaveLength(2)
  })

  test('a process that ended between transactions is replaced', async () => {
    await using cleanup = new AsyncDisposableStack()
    const { nft, started } = await open(cleanup)
    await nft.transaction([load])
    started[0]?.kill()
    await started[0]?.ended
    await nft.transaction([add(one)])
    expect(await nft.elements(table, 'seen')).toEqual([one.key])
  })

  test('takes a transaction of 8 MB, after which the process ends, as it has grown', async () => {
    await using cleanup = new AsyncDisposableStack()
    const { nft, started } = await open(cleanup)
    const padding = `# ${'x'.repeat(997)}\n`.repeat(8_000)
    await nft.transaction([{ op: 'load', text: padding }, load, add(one)])
    expect(await started[0]?.ended).toBe(0)
    expect(await nft.elements(table, 'seen')).toEqual([one.key])
    await nft.transaction([remove(one)])
    expect(await nft.elements(table, 'seen')).toEqual([])
  })

  test('the process is replaced after as many transactions as told', async () => {
    await using cleanup = new AsyncDisposableStack()
    const { nft, started } = await open(cleanup, { transactionsPerProcess: 3 })
    await nft.transaction([load])
    for (const element of numbered(6)) await nft.transaction([add(element)])
    expect(started).toHaveLength(3)
    expect(await Promise.all(started.slice(0, 2).map(({ ended }) => ended))).toEqual([0, 0])
    expect(await nft.elements(table, 'seen')).toHaveLength(6)
  })

  test('so it is when they are asked for at once, still in their order', async () => {
    await using cleanup = new AsyncDisposableStack()
    const { nft, started } = await open(cleanup, { transactionsPerProcess: 3 })
    const turns = [[load], [add(one)], [remove(one)], [add(one)], [remove(one)], [add(one)], [remove(one)]]
    await Promise.all(turns.map((operations) => nft.transaction(operations)))
    expect(started).toHaveLength(3)
    expect(await nft.elements(table, 'seen')).toEqual([])
  })

  test('the scratch directory holds a file for the owner only, and at the end nothing, and nft has ended', async () => {
    await using cleanup = new AsyncDisposableStack()
    const { nft, started, scratchDirectory } = await open(cleanup)
    expect(await readdir(scratchDirectory)).toEqual([])
    await nft.transaction([load])
    const files = await readdir(scratchDirectory, { recursive: true })
    const modes = await Promise.all(files.map(async (file) => (await stat(join(scratchDirectory, file))).mode & 0o777))
    expect(modes).toEqual([0o700, 0o600])
    await nft[Symbol.asyncDispose]()
    expect(await readdir(scratchDirectory)).toEqual([])
    expect(await started[0]?.ended).toBe(0)
  })

  test('a transaction that cannot be written rejects, and the next one is', async () => {
    await using cleanup = new AsyncDisposableStack()
    const { nft, scratchDirectory } = await open(cleanup)
    await rm(scratchDirectory, { recursive: true })
    const [first, second] = [nft.transaction([load]), nft.transaction([load])]
    await expect(first).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(second).rejects.toMatchObject({ code: 'ENOENT' })
    await mkdir(scratchDirectory)
    await nft.transaction([load, add(one)])
    expect(await nft.elements(table, 'seen')).toEqual([one.key])
  })

  test('nft leaves no history of what it was told', async () => {
    await using cleanup = new AsyncDisposableStack()
    const { path: home } = cleanup.use(await scratch())
    vi.stubEnv('HOME', home)
    cleanup.defer(() => void vi.unstubAllEnvs())
    const { nft, scratchDirectory } = await open(cleanup)
    await nft.transaction([load])
    await nft[Symbol.asyncDispose]()
    expect(await readdir(home)).toEqual([])
    expect(await readdir(scratchDirectory)).toEqual([])
  })

  test('disposal waits for the transactions that were asked for, and there are none after it', async () => {
    await using cleanup = new AsyncDisposableStack()
    const { nft } = await open(cleanup)
    const asked = [[load], ...numbered(5).map((element) => [add(element)])].map((each) => nft.transaction(each))
    await Promise.all([nft[Symbol.asyncDispose](), nft[Symbol.asyncDispose]()])
    await Promise.all(asked)
    expect(await nft.elements(table, 'seen')).toHaveLength(5)
    await expect(nft.transaction([add(one)])).rejects.toThrow('closed')
  })

  test('names the namespace that is not there', async () => {
    await using cleanup = new AsyncDisposableStack()
    const { nft } = await open(cleanup, { netns: '/run/netns/no-such' })
    await expect(nft.transaction([load])).rejects.toThrow('/run/netns/no-such')
  })
})

describe('with a process that does as it is told', () => {
  /** A transaction under way in a session with fakes. */
  async function begin(cleanup: AsyncDisposableStack) {
    const processes = new FakeProcesses()
    const clock = new ManualClock()
    const { path: scratchDirectory } = cleanup.use(await scratch())
    const nft = cleanup.use(nftSession({ processes, clock, scratchDirectory, answerWithinMs: 5_000 }))
    /** Resolves to the process, the first is 1, when it was told that. */
    const told = (line: string, nth = 1): Promise<FakeRunningProcess> =>
      vi.waitFor(
        () => {
          const process = processes.started[nth - 1]
          if (process?.input.includes(line) !== true) throw new Error(`nft was not told ${line}`)
          return process
        },
        { interval: 1 },
      )
    const transaction = nft.transaction([load]).catch((error: unknown) => error)
    return { nft, processes, clock, told, transaction, scratchDirectory, process: await told('answered1') }
  }

  const mark = (marker: string) => `Error: syntax error, unexpected newline, expecting string\n${marker}\n         ^\n`

  test('one that does not answer is killed after the time for it', async () => {
    await using cleanup = new AsyncDisposableStack()
    const { clock, process, processes, transaction, nft, told } = await begin(cleanup)
    clock.advance(4_999)
    const next = nft.transaction([load])
    expect(processes.started).toEqual([process])
    clock.advance(1)
    expect(await process.ended).toBeNull()
    expect(String(await transaction)).toContain('it gave no answer within 5000 ms')
    const fresh = await told('answered1', 2)
    fresh.say(mark('answered1'))
    await next
    expect(clock.nextTimerMs).toBeUndefined()
  })

  test('is told the next line while it is busy, but none after that: its file would be that of the first', async () => {
    await using cleanup = new AsyncDisposableStack()
    const { nft, process, transaction, told, scratchDirectory } = await begin(cleanup)
    const [second, third] = [load, add(one)].map((operation) => nft.transaction([operation]).catch((error: unknown) => error))
    await told('answered2')
    const files = async () => {
      const names = (await readdir(scratchDirectory, { recursive: true })).filter((name) => name.endsWith('.nft')).sort()
      return Promise.all(names.map((name) => readFile(join(scratchDirectory, name), 'utf8')))
    }
    expect((await files()).filter((text) => text.includes(one.key))).toEqual([])
    process.say(mark('answered1') + mark('answered2'))
    expect(await Promise.all([transaction, second])).toEqual([undefined, undefined])
    await told('answered3')
    expect(process.input.match(/include \S+/g)).toEqual(['0', '1', '0'].map((name) => `include "./transaction-${name}.nft"`))
    expect((await files())[0]).toContain(one.key)
    process.say(mark('answered3'))
    expect(await third).toBeUndefined()
  })

  test('when it ends, all that it has been told is of unknown outcome, and what it has not goes to another', async () => {
    await using cleanup = new AsyncDisposableStack()
    const { nft, process, transaction, told } = await begin(cleanup)
    const [second, third] = [load, load].map((operation) => nft.transaction([operation]).catch((error: unknown) => error))
    await told('answered2')
    process.end(null)
    for (const outcome of await Promise.all([transaction, second])) expect(String(outcome)).toContain('may or may not be applied')
    const fresh = await told('answered1', 2)
    fresh.say(mark('answered1'))
    expect(await third).toBeUndefined()
  })

  test('one that aborts is quoted', async () => {
    await using cleanup = new AsyncDisposableStack()
    const { process, transaction } = await begin(cleanup)
    process.say('nft: netlink_linearize.c:142: assertion failed\n')
    process.end(null)
    expect(await transaction).toBeInstanceOf(NftError)
    expect(String(await transaction)).toContain('exit by signal: nft: netlink_linearize.c:142: assertion failed')
  })

  test('an answer may come in pieces, and the end of one with the next', async () => {
    const complaint = 'Error: Could not process rule: File exists'
    const first = mark('answered1')
    const all = `${first}${complaint}\n${mark('answered2')}`
    // The second transaction begins when the first one's marker has been seen, so it cannot be answered before that.
    const markerSeen = first.indexOf('answered1\n') + 'answered1\n'.length
    for (const [from, to] of [...all].map((_, index) => [Math.min(index, markerSeen), Math.max(index, markerSeen)])) {
      await using cleanup = new AsyncDisposableStack()
      const { nft, process, transaction, told } = await begin(cleanup)
      process.say(all.slice(0, from))
      process.say(all.slice(from, markerSeen))
      expect(await transaction).toBeUndefined()
      const refused = nft.transaction([load]).catch((error: unknown) => error)
      await told('answered2')
      process.say(all.slice(markerSeen, to))
      process.say(all.slice(to))
      expect(await refused).toEqual(new NftError(complaint))
    }
  })
})
