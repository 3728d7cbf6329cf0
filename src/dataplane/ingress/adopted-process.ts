import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { readProcess, signal } from '../../kernel/process-table.ts'
import type { LiveProcess, Predecessor } from './haproxy-process.ts'
import { files } from './main-text.ts'
import { RuntimeSession } from './runtime-session.ts'

export interface AdoptedProcessDeps {
  readonly clock: Clock
  readonly directory: string
}

const lookEveryMs = 1_000
const lookForTheEndEveryMs = 10

/** A HAProxy that an earlier life of this process has started. It is nobody's child any more, so its end has to be looked for. */
export class AdoptedProcess implements LiveProcess {
  readonly pid: number
  readonly runtimeSocket: string
  readonly ended: Promise<void>
  readonly #deps: AdoptedProcessDeps
  readonly #killed = new AbortController()

  constructor({ pid, runtimeSocket }: Predecessor, deps: AdoptedProcessDeps) {
    this.pid = pid
    this.runtimeSocket = runtimeSocket
    this.#deps = deps
    this.ended = this.#end()
  }

  session(): Promise<RuntimeSession> {
    return RuntimeSession.open(this.runtimeSocket)
  }

  async kill(): Promise<void> {
    // Another may have its number by now.
    if (await this.#isAlive()) signal(this.pid, 'SIGKILL')
    this.#killed.abort()
    await this.ended
  }

  async #end(): Promise<void> {
    const { clock } = this.#deps
    while (await this.#isAlive()) {
      const { aborted } = this.#killed.signal
      const wait = aborted ? clock.sleep(lookForTheEndEveryMs) : clock.sleep(lookEveryMs, this.#killed.signal)
      await wait.catch((error: unknown) => {
        if (!this.#killed.signal.aborted) throw error
      })
    }
    await rm(this.runtimeSocket, { force: true })
  }

  /** Whether the process of that number is still the HAProxy of this directory. */
  async #isAlive(): Promise<boolean> {
    const found = await readProcess(this.pid)
    return found?.command.includes(join(this.#deps.directory, files.config)) === true
  }
}
