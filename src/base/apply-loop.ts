import { setImmediate } from 'node:timers/promises'
import { Backoff } from './backoff.ts'
import type { Clock } from './clock.ts'

/** What is kept equal to a changing world. */
export interface Applying {
  /** Whose loop it is, as errors say it: `the proxy`. */
  readonly what: string
  readonly clock: Clock
  /** Nothing is applied before. */
  readonly ready: Promise<unknown>
  /** Called once when all is ready; watches what calls `wake`. What it returns is called at the end, before `stop` resolves. */
  begin(signal: AbortSignal): () => Promise<void>
  /**
   * Brings about what is wanted now. Resolves to the milliseconds after which it has to be called again, unless something
   * wakes the loop before, or to undefined if all is done. If it rejects, it is called again after a pause; with the signal's
   * reason it says that it has given up, as it was to.
   */
  apply(signal: AbortSignal): Promise<number | undefined>
  /** Called when `apply` has rejected, before the pause. */
  failed(error: unknown, retryInMs: number): void
}

const retry = { baseMs: 100, maxMs: 10_000 }

/**
 * Calls `apply` whenever something has woken it, one call at a time: for what comes in one turn of the event loop once,
 * and for what comes during a call once after it. First of all it is called without being woken.
 */
export class ApplyLoop {
  readonly #applying: Applying
  readonly #backoff = new Backoff(retry)
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  /** Resolves when there is something to do. */
  #work = Promise.withResolvers<void>()
  /** Whether something came in since the last call began. */
  #isAwake = false
  #isAtRest = false
  /** Forgets the call that the last one has asked for. */
  #forgetNext = () => {}
  /** Of those who wait for rest; undefined if nobody does. */
  #rest: PromiseWithResolvers<void> | undefined

  constructor(applying: Applying) {
    this.#applying = applying
    this.#running = this.#run(this.#stopping.signal)
  }

  wake(): void {
    this.#isAwake = true
    this.#isAtRest = false
    this.#work.resolve()
  }

  /** Resolves when everything that has woken the loop is applied. Rejects if it is stopped before. */
  settled(): Promise<void> {
    if (this.#isAtRest) return Promise.resolve()
    if (this.#stopping.signal.aborted) return Promise.reject(this.#stopping.signal.reason)
    return (this.#rest ??= Promise.withResolvers()).promise
  }

  /** Resolves when nothing is being applied any more. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error(`${this.#applying.what} was stopped`))
    this.#work.resolve()
    await this.#running
    this.#rest?.reject(this.#stopping.signal.reason)
  }

  async #run(signal: AbortSignal): Promise<void> {
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    await Promise.race([this.#applying.ready, stopped])
    if (signal.aborted) return
    const end = this.#applying.begin(signal)
    this.wake()
    for (;;) {
      await this.#work.promise
      await setImmediate()
      if (signal.aborted) break
      this.#work = Promise.withResolvers()
      this.#isAwake = false
      await this.#step(signal)
    }
    this.#forgetNext()
    await end()
  }

  async #step(signal: AbortSignal): Promise<void> {
    this.#forgetNext()
    try {
      const againInMs = await this.#applying.apply(signal)
      this.#backoff.reset()
      if (againInMs !== undefined) this.#forgetNext = this.#applying.clock.after(againInMs, () => this.wake())
      else if (!this.#isAwake) this.#nowAtRest()
    } catch (error) {
      if (signal.aborted && error === signal.reason) return
      const retryInMs = this.#backoff.nextMs()
      this.#applying.failed(error, retryInMs)
      this.wake()
      await this.#pause(retryInMs, signal)
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#applying.clock.sleep(ms, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  #nowAtRest(): void {
    this.#isAtRest = true
    this.#rest?.resolve()
    this.#rest = undefined
  }
}
