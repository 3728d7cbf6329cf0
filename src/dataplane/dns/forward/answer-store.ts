import type { Clock } from '../../../base/clock.ts'
import { Generations } from '../../../base/generations.ts'
import { lifetimeSeconds, type ExternalAnswer } from './external-answer.ts'

/** As in the configuration of CoreDNS that Kubernetes is installed with. */
const longestSeconds = 30
/** Of a generation; there are two. */
const bounds = { entries: 5_000, weight: 4 * 1024 * 1024 }
/** What has been asked for so often and is about to end is asked for again, before it is missed. */
const popularHits = 3
const prefetchShare = 0.1

export interface KeptAnswer {
  readonly answer: ExternalAnswer
  readonly ageSeconds: number
  /** Whether it is worth asking for anew already. Said once. */
  readonly isDue: boolean
}

interface Entry {
  readonly answer: ExternalAnswer
  readonly receivedMs: number
  readonly lifetimeMs: number
  hits: number
  isBeingRenewed: boolean
}

/** Answers from elsewhere, kept for as long as they say, but not for long. */
export class AnswerStore {
  readonly #clock: Clock
  readonly #entries = new Generations<Entry>(bounds)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): KeptAnswer | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    const ageMs = this.#clock.monotonicMs() - entry.receivedMs
    if (ageMs >= entry.lifetimeMs) {
      this.#entries.delete(key)
      return undefined
    }
    entry.hits += 1
    const isDue = !entry.isBeingRenewed && entry.hits >= popularHits && ageMs >= entry.lifetimeMs * (1 - prefetchShare)
    if (isDue) entry.isBeingRenewed = true
    return { answer: entry.answer, ageSeconds: Math.floor(ageMs / 1000), isDue }
  }

  /** Keeps it if it may be kept. */
  set(key: string, answer: ExternalAnswer): void {
    const lifetimeMs = Math.min(lifetimeSeconds(answer), longestSeconds) * 1000
    if (lifetimeMs === 0) return
    const entry = { answer, receivedMs: this.#clock.monotonicMs(), lifetimeMs, hits: 0, isBeingRenewed: false }
    this.#entries.set(key, entry, key.length + answer.packet.length)
  }
}
