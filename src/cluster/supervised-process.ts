import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, renameSync, statSync } from 'node:fs'
import type { Socket as UdpSocket } from 'node:dgram'
import type { Server } from 'node:net'
import { Backoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { endInWords, type ProcessEnd, type ProcessState } from './state.ts'

export interface ProcessSpec {
  readonly name: string
  /** Path of the network namespace to run in. */
  readonly netns: string
  readonly command: readonly [string, ...string[]]
  /** Standard output and error are appended here. One that has become long is put aside at a start, as `….old`. */
  readonly logFile: string
  /** Sockets of the host's namespace, made anew for every start and handed over. */
  sockets?(): Promise<readonly Handover[]>
  /** Done before every start. */
  prepare?(): Promise<void>
  /** For a program that does not say itself when it does its work: resolves then, and rejects when the signal aborts. */
  untilReady?(signal: AbortSignal): Promise<void>
  /** Tried for as long as the cluster runs, which does without it. */
  readonly isOptional?: boolean
}

/** A socket for a process in another namespace, and what it is told about it. */
export interface Handover {
  readonly message: object
  readonly socket: Server | UdpSocket
}

export interface SupervisedDeps {
  readonly clock: Clock
  readonly log: Log
  /** Called on every change of `state`. */
  changed(): void
}

/** How long a process may take to end by itself after SIGTERM before it is killed. */
const stopPatienceMs = 5000
/** A process that ran this long runs well: the next restart is immediate again. */
const healthyAfterMs = 30_000
/** A process that ended this often without having been ready once will not be. */
const firstTries = 6

/** Bytes; what ends again and again must not fill the disk with what it says each time. */
const longLog = 1 << 20
/** Looking whether a process is ready may fail by itself. */
const looks = { baseMs: 100, maxMs: 10_000 }

/** How a process ended, and why it could not be started if it was not. */
interface End {
  readonly end: ProcessEnd
  readonly cause?: unknown
}

/** A process of the cluster: started, restarted with back-off when it ends, until it is stopped. */
export class SupervisedProcess {
  readonly #spec: ProcessSpec
  readonly #deps: SupervisedDeps
  readonly #backoff = new Backoff({ baseMs: 100, maxMs: 10_000 })
  #child: ChildProcess | undefined
  #state: ProcessState['state'] = 'starting'
  #restarts = 0
  #wasReady = false
  /** How often it has ended since it last ran well. */
  #ends = 0
  #lastEnd: ProcessEnd | undefined
  readonly #stopping = new AbortController()
  readonly #ready = Promise.withResolvers<void>()
  /** Resolves when the process has said for the first time that it does its work. */
  readonly ready: Promise<void> = this.#ready.promise

  constructor(spec: ProcessSpec, deps: SupervisedDeps) {
    this.#spec = spec
    this.#deps = deps
  }

  get state(): ProcessState {
    const state = { name: this.#spec.name, pid: this.#child?.pid, state: this.#state, restarts: this.#restarts }
    return this.#lastEnd === undefined ? state : { ...state, lastEnd: this.#lastEnd }
  }

  /** Keeps the process running until `stop`. Rejects if it cannot be started at all, or never becomes ready. */
  async run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const startedAt = this.#deps.clock.monotonicMs()
      const end = await this.#runOnce()
      if (this.#stopping.signal.aborted) break
      if (this.#deps.clock.monotonicMs() - startedAt > healthyAfterMs) this.#forget()
      this.#restarts += 1
      await this.#pauseAfter(end)
    }
    this.#change('stopped')
  }

  /** Ends the process: SIGTERM, and SIGKILL if it does not follow. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    const child = this.#child
    if (child === undefined) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const cancel = this.#deps.clock.after(stopPatienceMs, () => child.kill('SIGKILL'))
    await ended
    cancel()
  }

  /** Gives a socket to the process as it is now. One that is started later gets what `sockets` makes. */
  handOver(handover: Handover): void {
    if (this.#child === undefined) handover.socket.close()
    else give(this.#child, handover)
  }

  /** Says something to the process, if it runs. */
  tell(message: object): void {
    if (this.#child?.connected === true) this.#child.send(message)
  }

  /** Rejects if there is no point in another try. */
  async #pauseAfter({ end, cause }: End): Promise<void> {
    const { name, logFile, isOptional = false } = this.#spec
    const isInVain = !this.#wasReady && !isOptional
    if (isInVain && 'error' in end) throw cause
    if (isInVain && this.#restarts >= firstTries) {
      throw new Error(`${name} does not start: it ended ${endInWords(end)}, ${firstTries} times; see ${logFile}`)
    }
    // Once may happen, and others wait for it. Again and again is a fault, which haste only makes worse.
    const isAccident = this.#state === 'ready' && this.#ends === 0
    const waitMs = isAccident ? 0 : this.#backoff.nextMs()
    this.#lastEnd = end
    this.#ends += 1
    const said = { process: name, ...end, ...(cause === undefined ? {} : { error: cause }), times: this.#ends, waitMs, log: logFile }
    if (isRare(this.#ends)) this.#deps.log.error(said, 'process ended; starting it again')
    this.#change('restarting')
    const { signal } = this.#stopping
    await this.#deps.clock.sleep(waitMs, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }

  async #runOnce(): Promise<End> {
    const { netns, command, logFile, prepare } = this.#spec
    let sockets: readonly Handover[] = []
    let output: number
    try {
      await prepare?.()
      sockets = (await this.#spec.sockets?.()) ?? []
      if (this.#stopping.signal.aborted) throw new Error('it was told to stop before it was started')
      output = openLog(logFile)
    } catch (error) {
      for (const { socket } of sockets) socket.close()
      return notStarted(error)
    }
    // nsenter replaces itself by the program: the id stays, and so does the channel.
    const child = spawn('nsenter', [`--net=${netns}`, '--', ...command], { stdio: ['ignore', output, output, 'ipc'] })
    closeSync(output)
    this.#child = child
    try {
      return await this.#untilEnded(child, sockets)
    } catch (error) {
      return notStarted(error)
    } finally {
      this.#child = undefined
    }
  }

  /** Rejects if the program could not be started. */
  async #untilEnded(child: ChildProcess, sockets: readonly Handover[]): Promise<End> {
    const ended = once(child, 'exit')
    child.on('message', (message) => {
      if (message === 'ready') this.#becomeReady()
    })
    // `exit` follows or the program could not be started at all, which `once` above rejects with.
    child.on('error', (error) => this.#deps.log.error({ process: this.#spec.name, error }, 'process channel failed'))
    for (const handover of sockets) give(child, handover)
    this.#deps.changed()
    const aborter = new AbortController()
    void this.#watchReadiness(aborter.signal)
    try {
      const [exitCode, signal] = (await ended) as [number | null, NodeJS.Signals | null]
      return { end: signal === null ? { exitCode: exitCode ?? 0 } : { signal } }
    } finally {
      aborter.abort()
    }
  }

  /** Looks again, if looking failed. Never rejects. */
  async #watchReadiness(ended: AbortSignal): Promise<void> {
    const { untilReady, name } = this.#spec
    const { log, clock } = this.#deps
    const pauses = new Backoff(looks)
    if (untilReady === undefined) return
    for (let failures = 1; !ended.aborted; failures += 1) {
      try {
        await untilReady(ended)
        if (!ended.aborted) this.#becomeReady()
        return
      } catch (err) {
        if (!ended.aborted && isRare(failures)) log.error({ process: name, err, times: failures }, 'cannot tell whether the process is ready; looks again')
        await clock.sleep(pauses.nextMs(), ended).catch(() => undefined) // it ended
      }
    }
  }

  #becomeReady(): void {
    this.#wasReady = true
    this.#change('ready')
    this.#ready.resolve()
  }

  #forget(): void {
    this.#backoff.reset()
    this.#ends = 0
  }

  #change(state: ProcessState['state']): void {
    this.#state = state
    this.#deps.changed()
  }
}

/** From then on the child's copy is the only one that accepts. */
function give(child: ChildProcess, { message, socket }: Handover): void {
  child.send(message, socket, () => socket.close())
}

function notStarted(cause: unknown): End {
  return { end: { error: cause instanceof Error ? cause.message : String(cause) }, cause }
}

/** The first, second, fourth, eighth … time: what happens every few seconds for days is told in a dozen lines. */
function isRare(times: number): boolean {
  return Number.isInteger(Math.log2(times))
}

/** For appending. */
function openLog(file: string): number {
  const { size = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {}
  if (size > longLog) renameSync(file, `${file}.old`)
  return openSync(file, 'a')
}
