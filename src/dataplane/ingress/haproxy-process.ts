import { rm } from 'node:fs/promises'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { CommandFailed, type LastingProcesses, type Processes, type RunningProcess } from '../../kernel/processes.ts'
import { alertsIn, ConfigurationRefused } from './configuration-refused.ts'
import { RuntimeSession } from './runtime-session.ts'

export interface HaproxyProcessDeps {
  readonly processes: Processes & LastingProcesses
  readonly clock: Clock
  readonly log: Log
  readonly config: string
  readonly runtimeSocket: string
  /** Where it runs; the namespace of this process unless given. */
  readonly netns?: string
  /** Told of each request, as a line of JSON, if the configuration asks for it. */
  onRequest(line: string): void
  /** The process that serves has ended without being told to. */
  onEnd(): void
}

const pollEveryMs = 5
const startWithinMs = 20_000

/**
 * HAProxy in the foreground, without a master process. A new one takes the listening sockets over from the one before,
 * which then serves its connections to their end: no connection is refused or broken in between. One that was left
 * behind by an earlier life of this process is replaced in the same way.
 */
export class HaproxyProcess {
  readonly #deps: HaproxyProcessDeps
  #serving: RunningProcess | undefined
  #isStopping = false

  constructor(deps: HaproxyProcessDeps) {
    this.#deps = deps
  }

  /** Rejects with `ConfigurationRefused` if it finds a fault with its files. */
  async check(): Promise<void> {
    const { processes, config } = this.#deps
    try {
      await processes.run(['haproxy', '-c', '-f', config], this.#place())
    } catch (error) {
      if (!(error instanceof CommandFailed) || error.exitCode === 127) throw error
      throw new ConfigurationRefused(alertsIn(error.stderr))
    }
  }

  /** Starts one with the files as they are, in place of the one that runs. Resolves when it serves. */
  async replace(): Promise<void> {
    const { processes, config, runtimeSocket, log } = this.#deps
    const oldPid = await this.#pid()
    if (oldPid === undefined) await rm(runtimeSocket, { force: true })
    const takeOver = oldPid === undefined ? [] : ['-x', runtimeSocket, '-sf', String(oldPid)]
    let said = ''
    let isServing = false
    const started = processes.start(['haproxy', '-db', '-f', config, ...takeOver], {
      ...this.#place(),
      onStderr: this.#lines((line) => {
        if (!isServing) said += `${line}\n`
        if (line.startsWith('{')) this.#deps.onRequest(line)
        else log.debug({ line }, 'HAProxy says')
      }),
    })
    const failed = started.ended.then(() => {
      throw new ConfigurationRefused(`HAProxy ended at its start: ${alertsIn(said)}`)
    })
    await Promise.race([this.#serves(oldPid), failed])
    isServing = true
    failed.catch(() => {}) // from now on its end is another matter
    this.#serving = started
    void started.ended.then(() => {
      if (this.#serving !== started || this.#isStopping) return
      this.#serving = undefined
      this.#deps.onEnd()
    })
  }

  session(): Promise<RuntimeSession> {
    return RuntimeSession.open(this.#deps.runtimeSocket)
  }

  get isRunning(): boolean {
    return this.#serving !== undefined
  }

  /** Connections that are open end with it. */
  async stop(): Promise<void> {
    this.#isStopping = true
    const serving = this.#serving
    this.#serving = undefined
    serving?.kill()
    await serving?.ended
    await rm(this.#deps.runtimeSocket, { force: true })
    this.#isStopping = false
  }

  #place() {
    return this.#deps.netns === undefined ? {} : { netns: this.#deps.netns }
  }

  /** Of the process that answers at the runtime socket. */
  async #pid(): Promise<number | undefined> {
    try {
      using session = await this.session()
      return (await session.info()).pid
    } catch {
      return undefined // nobody is there, or about to be
    }
  }

  async #serves(oldPid: number | undefined): Promise<void> {
    const { clock } = this.#deps
    const deadline = clock.monotonicMs() + startWithinMs
    for (;;) {
      const pid = await this.#pid()
      if (pid !== undefined && pid !== oldPid) return
      if (clock.monotonicMs() > deadline) throw new Error(`HAProxy does not answer within ${startWithinMs} ms of its start`)
      await clock.sleep(pollEveryMs)
    }
  }

  #lines(take: (line: string) => void): (piece: string) => void {
    let rest = ''
    return (piece) => {
      const lines = (rest + piece).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '') take(line)
    }
  }
}
