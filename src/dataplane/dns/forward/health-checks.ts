import type { Clock } from '../../../base/clock.ts'
import { recordType } from '../record.ts'
import { ask } from './ask.ts'
import type { ExternalQuery } from './external-query.ts'
import type { ForwardMetrics } from './forward-metrics.ts'
import type { Upstream } from './upstream.ts'

const intervalMs = 500
const timeoutMs = 2_000

/** `. NS`, which every name server has some answer to; even a refusal is one. */
const probe: ExternalQuery = {
  question: { labels: [], name: '', type: recordType.NS },
  questionBytes: Buffer.from([0, 0, recordType.NS, 0, 1]),
  recursionDesired: true,
  authenticData: false,
  checkingDisabled: false,
  dnssecOk: false,
}

/** Asks upstreams that have failed, again and again, until they answer. */
export class HealthChecks {
  readonly #deps: { readonly clock: Clock; readonly metrics: ForwardMetrics; readonly signal: AbortSignal }
  readonly #checking = new Set<Upstream>()

  constructor(deps: { clock: Clock; metrics: ForwardMetrics; signal: AbortSignal }) {
    this.#deps = deps
  }

  /** Does nothing for one that is being checked already. */
  start(upstream: Upstream): void {
    if (this.#checking.has(upstream)) return
    this.#checking.add(upstream)
    this.#deps.clock.after(intervalMs, () => void this.#check(upstream))
  }

  async #check(upstream: Upstream): Promise<void> {
    const { clock, metrics, signal } = this.#deps
    if (signal.aborted) return
    try {
      await ask(upstream.at, probe, { timeoutMs, clock, signal })
      upstream.answered()
      this.#checking.delete(upstream)
    } catch {
      // That is what is asked here: the finding is counted, and looked into again.
      upstream.failed()
      metrics.healthCheckFailed(upstream.name)
      clock.after(intervalMs, () => void this.#check(upstream))
    }
  }
}
