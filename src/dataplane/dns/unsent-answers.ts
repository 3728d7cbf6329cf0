import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { Peer } from '../../kernel/socket-calls.ts'
import type { TrafficMetrics } from './traffic-metrics.ts'

export interface UnsentAnswersDeps {
  readonly metrics: Pick<TrafficMetrics, 'unsent'>
  readonly clock: Clock
  readonly log: Log
}

/** One cause may concern every answer there is. */
const silentMs = 60_000

/** Answers that the kernel does not take: each is counted, and of a cause the first one in a minute is logged. */
export class UnsentAnswers {
  readonly #deps: UnsentAnswersDeps
  /** By cause, of which there are as many as the kernel has errors. */
  readonly #loggedAtMs = new Map<string, number>()

  constructor(deps: UnsentAnswersDeps) {
    this.#deps = deps
  }

  note(error: NodeJS.ErrnoException, to: Peer): void {
    const { metrics, clock, log } = this.#deps
    const { code = 'other' } = error
    const count = metrics.unsent.with(code)
    count.add()
    const nowMs = clock.monotonicMs()
    if (nowMs - (this.#loggedAtMs.get(code) ?? -Infinity) < silentMs) return
    this.#loggedAtMs.set(code, nowMs)
    log.error({ err: error, client: to.address, soFar: count.value }, 'DNS answer not sent; more of the kind are only counted for a minute')
  }
}
