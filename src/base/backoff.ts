/** Exponential delays: `baseMs`, doubled each time, never above `maxMs`. */
export class Backoff {
  readonly #baseMs: number
  readonly #maxMs: number
  #failures = 0

  constructor({ baseMs, maxMs }: { baseMs: number; maxMs: number }) {
    this.#baseMs = baseMs
    this.#maxMs = maxMs
  }

  /** The delay before the next try. */
  nextMs(): number {
    const delay = Math.min(this.#maxMs, this.#baseMs * 2 ** this.#failures)
    this.#failures += 1
    return delay
  }

  reset(): void {
    this.#failures = 0
  }
}
