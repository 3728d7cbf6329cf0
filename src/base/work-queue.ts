import { Backoff } from './backoff.ts'
import type { Clock } from './clock.ts'
import { PriorityLine } from './priority-line.ts'

export interface WorkQueueOptions {
  readonly clock: Clock
  /** The delay before a key that failed comes again; 5 unless given. */
  readonly baseMs?: number
  /** What it is doubled up to with every failure in a row; a minute unless given. */
  readonly maxMs?: number
  /** Asked when a key is added; those of higher numbers are taken first. All are equal unless given. */
  readonly priorityOf?: (key: string) => number
}

/**
 * Keys waiting to be worked on. A key is in the queue at most once, and is never taken a second time before `done` or
 * `failed` was called for the first; added in between, it comes again afterwards. So a worker always starts after the
 * last change it was woken for.
 */
export class WorkQueue {
  readonly #clock: Clock
  readonly #baseMs: number
  readonly #maxMs: number
  readonly #priorityOf: (key: string) => number
  /** Keys that wait. */
  readonly #ready = new PriorityLine()
  /** Keys that are being worked on, and whether they were added again meanwhile. */
  readonly #taken = new Map<string, { again: boolean }>()
  readonly #delayed = new Map<string, { readonly atMs: number; readonly cancel: () => void }>()
  readonly #failures = new Map<string, Backoff>()
  readonly #takers: ((key: string | undefined) => void)[] = []
  #closed = false

  constructor({ clock, baseMs = 5, maxMs = 60_000, priorityOf = () => 0 }: WorkQueueOptions) {
    this.#clock = clock
    this.#baseMs = baseMs
    this.#maxMs = maxMs
    this.#priorityOf = priorityOf
  }

  add(key: string): void {
    if (this.#closed) return
    const taken = this.#taken.get(key)
    if (taken !== undefined) taken.again = true
    else this.#offer(key)
  }

  /** Adds the key after a time; of several times for one key the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (this.#closed) return
    const atMs = this.#clock.monotonicMs() + ms
    const waiting = this.#delayed.get(key)
    if (waiting !== undefined && waiting.atMs <= atMs) return
    waiting?.cancel()
    const cancel = this.#clock.after(ms, () => {
      this.#delayed.delete(key)
      this.add(key)
    })
    this.#delayed.set(key, { atMs, cancel })
  }

  /** The next key, as soon as there is one; undefined once the queue is closed. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined)
    const key = this.#ready.shift()
    if (key === undefined) return new Promise((resolve) => this.#takers.push(resolve))
    this.#taken.set(key, { again: false })
    return Promise.resolve(key)
  }

  /** Ends the work on a key that `take` gave, and forgets its failures. */
  done(key: string): void {
    this.#failures.delete(key)
    this.#release(key)
  }

  /** Ends the work on a key and brings it back with back-off. Returns the delay in milliseconds. */
  failed(key: string): number {
    const backoff = this.#failures.get(key) ?? new Backoff({ baseMs: this.#baseMs, maxMs: this.#maxMs })
    this.#failures.set(key, backoff)
    const delayMs = backoff.nextMs()
    this.#release(key)
    this.addAfter(key, delayMs)
    return delayMs
  }

  /** Drops what waits; every `take` resolves to undefined from now on. */
  close(): void {
    this.#closed = true
    for (const { cancel } of this.#delayed.values()) cancel()
    this.#delayed.clear()
    this.#ready.clear()
    for (const resolve of this.#takers.splice(0)) resolve(undefined)
  }

  #offer(key: string): void {
    const taker = this.#takers.shift()
    if (taker === undefined) {
      this.#ready.push(key, this.#priorityOf(key))
      return
    }
    this.#taken.set(key, { again: false })
    taker(key)
  }

  #release(key: string): void {
    const taken = this.#taken.get(key)
    this.#taken.delete(key)
    if (taken?.again === true) this.add(key)
  }
}
