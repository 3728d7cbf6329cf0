import type { Clock } from './clock.ts'

export interface TokenBucketOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** As many may be taken at once. */
  readonly burst: number
  /** One comes back after this time. */
  readonly refillMs: number
}

/** Bounds how often something is done, by leave to do it. */
export class TokenBucket {
  readonly #options: TokenBucketOptions
  #tokens: number
  #atMs: number

  constructor(options: TokenBucketOptions) {
    this.#options = options
    this.#tokens = options.burst
    this.#atMs = options.clock.monotonicMs()
  }

  /** Takes a token and returns how many milliseconds there are until it may be used: 0 if one was left. */
  take(): number {
    const { clock, burst, refillMs } = this.#options
    const nowMs = clock.monotonicMs()
    this.#tokens = Math.min(burst, this.#tokens + (nowMs - this.#atMs) / refillMs) - 1
    this.#atMs = nowMs
    return this.#tokens >= 0 ? 0 : Math.ceil(-this.#tokens * refillMs)
  }
}
