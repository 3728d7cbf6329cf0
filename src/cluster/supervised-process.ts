import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import type { Server } from 'node:net'
import { Backoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { ProcessState } from './state.ts'

export interface ProcessSpec {
  readonly name: string
  /** Path of the network namespace to run in. */
  readonly netns: string
  readonly command: readonly [string, ...string[]]
  /** Standard output and error are appended here. */
  readonly logFile: string
  /** Listening sockets of the host's namespace, made anew for every start and handed over. */
  listeners?(): Promise<ReadonlyMap<string, Server>>
  /** Done before every start. */
  prepare?(): Promise<void>
}

export interface SupervisedDeps {
  readonly clock: Clock
  readonly log: Log
  /** Called on every change of `state`. */
  changed(): void
}

/** How long a process may take to end by itself after SIGTERM before it is killed. */
const stopPatienceMs = 5000
/** A process that ran this long has started well: the next restart is immediate again. */
const healthyAfterMs = 30_000

/** A process of the cluster: started, restarted with back-off when it ends, until it is stopped. */
export class SupervisedProcess {
  readonly #spec: ProcessSpec
  readonly #deps: SupervisedDeps
  readonly #backoff = new Backoff({ baseMs: 100, maxMs: 10_000 })
  #child: ChildProcess | undefined
  #state: ProcessState['state'] = 'starting'
  #restarts = 0
  #stopping = false
  readonly ready: Promise<void>
  #isReady: () => void = () => {}

  constructor(spec: ProcessSpec, deps: SupervisedDeps) {
    this.#spec = spec
    this.#deps = deps
    this.ready = new Promise((resolve) => (this.#isReady = resolve))
  }

  get state(): ProcessState {
    return { name: this.#spec.name, pid: this.#child?.pid, state: this.#state, restarts: this.#restarts }
  }

  /** Keeps the process running until `stop`. */
  async run(): Promise<void> {
    const { clock, log } = this.#deps
    while (!this.#stopping) {
      const startedAt = clock.monotonicMs()
      const end = await this.#runOnce()
      if (this.#stopping) break
      if (clock.monotonicMs() - startedAt > healthyAfterMs) this.#backoff.reset()
      const waitMs = this.#backoff.nextMs()
      log.error({ process: this.#spec.name, ...end, waitMs, log: this.#spec.logFile }, 'process ended; starting it again')
      this.#restarts += 1
      this.#change('restarting')
      await clock.sleep(waitMs)
    }
    this.#change('stopped')
  }

  /** Ends the process: SIGTERM, and SIGKILL if it does not follow. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stopping = true
    const child = this.#child
    if (child === undefined) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const cancel = this.#deps.clock.after(stopPatienceMs, () => child.kill('SIGKILL'))
    await ended
    cancel()
  }

  async #runOnce(): Promise<{ exitCode: number | null; signal: string | null }> {
    const { netns, command, logFile, listeners, prepare } = this.#spec
    await prepare?.()
    const sockets = (await listeners?.()) ?? new Map<string, Server>()
    const output = openSync(logFile, 'a')
    // nsenter replaces itself by the program: the id stays, and so does the channel.
    const child = spawn('nsenter', [`--net=${netns}`, '--', ...command], { stdio: ['ignore', output, output, 'ipc'] })
    closeSync(output)
    this.#child = child
    const ended = once(child, 'exit')
    child.on('message', (message) => {
      if (message !== 'ready') return
      this.#change('ready')
      this.#isReady()
    })
    // `exit` follows or the program could not be started at all, which `once` above rejects with.
    child.on('error', (error) => this.#deps.log.error({ process: this.#spec.name, error }, 'process channel failed'))
    for (const [name, socket] of sockets) {
      // From then on the child's copy is the only one that accepts.
      child.send({ listener: name }, socket, () => socket.close())
    }
    this.#deps.changed()
    const [exitCode, signal] = await ended
    this.#child = undefined
    return { exitCode, signal }
  }

  #change(state: ProcessState['state']): void {
    this.#state = state
    this.#deps.changed()
  }
}
