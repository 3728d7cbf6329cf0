import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { listProcesses, signal } from '../../kernel/process-table.ts'
import { CommandFailed, type LastingProcesses, type Processes, type RunningProcess } from '../../kernel/processes.ts'
import { alertsIn, ConfigurationRefused } from './configuration-refused.ts'
import { files, runtimeSocketVariable } from './main-text.ts'
import { RuntimeSession } from './runtime-session.ts'
import { runtimeSocketOf, runtimeSocketsIn } from './runtime-sockets.ts'

export interface HaproxyProcessDeps {
  readonly processes: Processes & LastingProcesses
  readonly clock: Clock
  readonly log: Log
  /** Its files are in it, and the runtime sockets. */
  readonly directory: string
  /** Where it runs; the namespace of this process unless given. */
  readonly netns?: string
  /** Told of each request, as a line of JSON, if the configuration asks for it. */
  onRequest(line: string): void
}

/** A HAProxy that runs, by where it can be told things. */
export interface Predecessor {
  readonly pid: number
  readonly runtimeSocket: string
  /** Of the socket. */
  readonly number: number
}

/** One of these, whoever has started it. */
export interface LiveProcess {
  readonly pid: number
  readonly runtimeSocket: string
  /** When it has ended, for whatever reason. */
  readonly ended: Promise<void>
  session(): Promise<RuntimeSession>
  /** Connections that are open end with it. */
  kill(): Promise<void>
}

const pollEveryMs = 5
const startWithinMs = 20_000

/** Rejects with `ConfigurationRefused` if HAProxy finds a fault with its files. */
export async function checkConfiguration({ processes, directory, ...place }: HaproxyProcessDeps): Promise<void> {
  try {
    await processes.run(['haproxy', '-c', '-f', join(directory, files.config)], placeOf(place))
  } catch (error) {
    if (!(error instanceof CommandFailed) || error.exitCode === 127) throw error
    throw new ConfigurationRefused(alertsIn(error.stderr))
  }
}

/**
 * Those that an earlier life of this process has left behind, the youngest first. Sockets where nobody answers are removed,
 * and processes that have none are ended.
 */
export async function leftBehind(directory: string): Promise<readonly Predecessor[]> {
  const found: Predecessor[] = []
  for (const number of await runtimeSocketsIn(directory)) {
    const runtimeSocket = runtimeSocketOf(directory, number)
    const pid = await pidAt(runtimeSocket)
    if (pid === undefined) await rm(runtimeSocket, { force: true })
    else found.push({ pid, runtimeSocket, number })
  }
  await killOthers(directory, new Set(found.map(({ pid }) => pid)))
  return found
}

/** One that was still starting when its parent died would be known to nobody, and take connections all the same. */
async function killOthers(directory: string, known: ReadonlySet<number>): Promise<void> {
  const configuration = join(directory, files.config)
  for (const { pid, command } of await listProcesses()) if (!known.has(pid) && command.includes(configuration)) signal(pid, 'SIGKILL')
}

/**
 * HAProxy in the foreground, without a master process, with a runtime socket of its own. One that takes over from another
 * gets its listening sockets, and both take connections until the other's frontends are shut: no connection is refused
 * or broken in between.
 */
export class HaproxyProcess implements LiveProcess {
  readonly pid: number
  readonly runtimeSocket: string
  readonly ended: Promise<void>
  readonly #process: RunningProcess

  private constructor(process: RunningProcess, { pid, runtimeSocket }: Pick<Predecessor, 'pid' | 'runtimeSocket'>) {
    this.#process = process
    this.pid = pid
    this.runtimeSocket = runtimeSocket
    this.ended = process.ended.then(() => rm(runtimeSocket, { force: true }))
  }

  /**
   * Starts one with the files as they are. Resolves when it serves; rejects with `ConfigurationRefused` if it ends, and if
   * it does not answer in time, which ends it.
   */
  static async start(deps: HaproxyProcessDeps, { number, takesOverFrom }: Succession): Promise<HaproxyProcess> {
    const { processes, directory, log, onRequest } = deps
    const runtimeSocket = runtimeSocketOf(directory, number)
    await rm(runtimeSocket, { force: true })
    const sockets = takesOverFrom === undefined ? [] : ['-x', takesOverFrom.runtimeSocket]
    let said = ''
    let isServing = false
    const started = processes.start(['haproxy', '-db', '-f', join(directory, files.config), ...sockets], {
      ...placeOf(deps),
      environment: { [runtimeSocketVariable]: runtimeSocket },
      onStderr: inLines((line) => {
        if (!isServing) said += `${line}\n`
        if (line.startsWith('{')) onRequest(line)
        else log.debug({ line }, 'HAProxy says')
      }),
    })
    const failed = started.ended.then(() => {
      throw new ConfigurationRefused(`HAProxy ended at its start: ${alertsIn(said)}`)
    })
    failed.catch(() => {}) // once it serves, its end is another matter
    const decided = new AbortController()
    try {
      const pid = await Promise.race([pidOnceItServes(deps.clock, runtimeSocket, decided.signal), failed])
      isServing = true
      return new HaproxyProcess(started, { pid, runtimeSocket })
    } catch (error) {
      started.kill()
      await started.ended
      await rm(runtimeSocket, { force: true })
      throw error
    } finally {
      decided.abort()
    }
  }

  session(): Promise<RuntimeSession> {
    return RuntimeSession.open(this.runtimeSocket)
  }

  async kill(): Promise<void> {
    this.#process.kill()
    await this.ended
  }
}

export interface Succession {
  /** No other process of the directory has it. */
  readonly number: number
  /** Whose listening sockets it takes. */
  readonly takesOverFrom?: Pick<Predecessor, 'runtimeSocket'>
}

function placeOf({ netns }: Pick<HaproxyProcessDeps, 'netns'>): { netns?: string } {
  return netns === undefined ? {} : { netns }
}

/** Of the process that answers at the runtime socket. */
async function pidAt(runtimeSocket: string): Promise<number | undefined> {
  try {
    using session = await RuntimeSession.open(runtimeSocket)
    return (await session.info()).pid
  } catch {
    return undefined // nobody is there, or about to be
  }
}

async function pidOnceItServes(clock: Clock, runtimeSocket: string, signal: AbortSignal): Promise<number> {
  const deadline = clock.monotonicMs() + startWithinMs
  for (;;) {
    const pid = await pidAt(runtimeSocket)
    if (pid !== undefined) return pid
    if (clock.monotonicMs() > deadline) throw new Error(`HAProxy does not answer within ${startWithinMs} ms of its start`)
    await clock.sleep(pollEveryMs, signal)
  }
}

function inLines(take: (line: string) => void): (piece: string) => void {
  let rest = ''
  return (piece) => {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') take(line)
  }
}
