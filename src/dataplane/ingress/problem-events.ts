import { keyOf } from '../../api/object.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import type { Problem } from './problem.ts'

/** Tells each problem once, and again only after it was gone for a while. */
export class ProblemEvents {
  readonly #events: EventRecorder
  #told: ReadonlySet<string> = new Set()

  constructor(events: EventRecorder) {
    this.#events = events
  }

  /** All that there are now. */
  set(problems: readonly Problem[]): void {
    const now = new Map(problems.map((problem) => [textOf(problem), problem]))
    for (const [text, { ingress, reason, message }] of now) {
      if (!this.#told.has(text)) this.#events.event(ingress, 'Warning', { reason, message })
    }
    this.#told = new Set(now.keys())
  }
}

function textOf({ ingress, reason, message }: Problem): string {
  return `${keyOf(ingress)} ${ingress.metadata.uid} ${reason} ${message}`
}
