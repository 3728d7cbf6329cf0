import type { ObjectReference } from '../api/kinds/event.ts'
import type { Clock } from '../base/clock.ts'
import { Lru } from '../base/lru.ts'

/** Something that happened to an object, as a component tells it. */
export interface Occurrence {
  readonly about: ObjectReference
  readonly component: string
  /** Name of the node for components that run on one. */
  readonly host?: string | undefined
  readonly type: EventType
  readonly reason: string
  readonly message: string
}

export type EventType = 'Normal' | 'Warning'

/** What to record: `series` is equal for occurrences that are to be counted in one Event. */
export interface Correlated {
  readonly series: string
  readonly message: string
}

const maxTracked = 4096
const maxSimilar = 10
const similarWithinMs = 600_000
const burst = 25
const refillMs = 300_000

/**
 * Keeps Events few, with the thresholds of upstream's `EventCorrelator` (client-go tools/record): the tenth message
 * that differs from its like only in text, within ten minutes, and those after it, are combined into one series; one
 * component may record 25 occurrences about one object, and then one more every five minutes.
 */
export class EventCorrelator {
  readonly #clock: Clock
  readonly #similar = new Lru<{ readonly messages: Set<string>; lastMs: number }>(maxTracked)
  readonly #budgets = new Lru<{ tokens: number; atMs: number }>(maxTracked)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Undefined if the occurrence must not be recorded. */
  correlate(occurrence: Occurrence): Correlated | undefined {
    const subject = subjectOf(occurrence)
    const correlated = this.#combine(occurrence, subject)
    return this.#spend(subject) ? correlated : undefined
  }

  #combine({ about, type, reason, message }: Occurrence, subject: string): Correlated {
    const group = JSON.stringify([subject, about.fieldPath, type, reason])
    const nowMs = this.#clock.monotonicMs()
    const known = this.#similar.get(group)
    const fresh = known !== undefined && nowMs - known.lastMs <= similarWithinMs
    const { messages } = fresh ? known : { messages: new Set<string>() }
    if (messages.size < maxSimilar) messages.add(message)
    this.#similar.set(group, { messages, lastMs: nowMs })
    if (messages.size < maxSimilar) return { series: JSON.stringify([group, message]), message }
    return { series: group, message: `(combined from similar events): ${message}` }
  }

  #spend(subject: string): boolean {
    const atMs = this.#clock.monotonicMs()
    const known = this.#budgets.get(subject)
    const tokens = known === undefined ? burst : Math.min(burst, known.tokens + (atMs - known.atMs) / refillMs)
    const allowed = tokens >= 1
    this.#budgets.set(subject, { tokens: allowed ? tokens - 1 : tokens, atMs })
    return allowed
  }
}

function subjectOf({ about, component, host }: Occurrence): string {
  return JSON.stringify([component, host, about.kind, about.namespace, about.name, about.uid, about.apiVersion])
}
