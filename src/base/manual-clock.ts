import type { Clock } from './clock.ts'

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #startMs: number
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>()
  #elapsedMs = 0

  constructor(start: Date = new Date('2026-01-01T00:00:00Z')) {
    this.#startMs = start.getTime()
  }

  /** Milliseconds until the next timer is due; undefined if none is set. */
  get nextTimerMs(): number | undefined {
    const next = this.#next()
    return next === undefined ? undefined : next.atMs - this.#elapsedMs
  }

  now(): Date {
    return new Date(this.#startMs + this.#elapsedMs)
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason)
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      const onAbort = () => {
        cancel()
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.#elapsedMs + ms, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Moves on and fires what falls due on the way, in order. */
  advance(ms: number): void {
    const untilMs = this.#elapsedMs + ms
    for (let timer = this.#next(); timer !== undefined && timer.atMs <= untilMs; timer = this.#next()) {
      this.#elapsedMs = timer.atMs
      this.#timers.delete(timer)
      timer.callback()
    }
    this.#elapsedMs = untilMs
  }

  /** Sets the date on, or back, as an administrator does: time does not pass. */
  setOn(ms: number): void {
    this.#startMs += ms
  }

  #next() {
    return [...this.#timers].sort((a, b) => a.atMs - b.atMs)[0]
  }
}
