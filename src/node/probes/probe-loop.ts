import type { ProbeOutcome, Trouble } from './outcome.ts'
import type { ProberDeps } from './prober.ts'
import { runProbe, type ProbeSpec, type ProbeTarget } from './run-probe.ts'
import { beginningOf, nextDueMs } from './schedule.ts'

export interface ProbeLoopOptions {
  readonly probe: ProbeSpec
  readonly target: ProbeTarget & { readonly startedAt: Date }
  /** The verdict that holds before the first probe; undefined if there is none. */
  readonly initially: boolean | undefined
  readonly isResumed: boolean
  /** Called when the verdict changes, by the thresholds. */
  onVerdict(succeeded: boolean): void
  /** Called for every single outcome that is no plain success. */
  onTrouble(outcome: Trouble): void
}

/** Repeats one probe of one container, `periodSeconds` apart, until stopped. */
export class ProbeLoop {
  readonly #deps: ProberDeps
  readonly #options: ProbeLoopOptions
  readonly #periodMs: number
  #dueMs: number
  #verdict: boolean | undefined
  #row = { ok: true, length: 0 }
  #stopped = false
  #cancel: () => void

  constructor(deps: ProberDeps, options: ProbeLoopOptions) {
    const { probe, target, isResumed, initially } = options
    this.#deps = deps
    this.#options = options
    this.#verdict = initially
    this.#periodMs = (probe.periodSeconds ?? 10) * 1000
    const initialDelayMs = (probe.initialDelaySeconds ?? 0) * 1000
    const inputs = { startedAt: target.startedAt, initialDelayMs, periodMs: this.#periodMs, isResumed }
    const now = { date: deps.clock.now(), monotonicMs: deps.clock.monotonicMs() }
    const { firstMs, dueMs } = beginningOf(inputs, now)
    this.#dueMs = dueMs
    this.#cancel = this.#at(firstMs)
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #at(monotonicMs: number): () => void {
    const { clock } = this.#deps
    return clock.after(Math.max(0, monotonicMs - clock.monotonicMs()), () => void this.#turn())
  }

  /** Never rejects: a runtime that cannot be asked says nothing of the container. */
  async #turn(): Promise<void> {
    const { probe, target } = this.#options
    try {
      const outcome = await runProbe(this.#deps.runtime, probe, target)
      if (this.#stopped) return
      this.#judge(outcome)
    } catch (error) {
      this.#deps.log.warn({ err: error, containerId: target.containerId }, 'a probe could not be done')
    }
    if (this.#stopped) return
    this.#dueMs = nextDueMs(this.#dueMs, this.#periodMs, this.#deps.clock.monotonicMs())
    this.#cancel = this.#at(this.#dueMs)
  }

  #judge(outcome: ProbeOutcome): void {
    const { probe, onVerdict, onTrouble } = this.#options
    if (outcome.result !== 'success') onTrouble(outcome)
    if (outcome.result === 'unknown') return
    const ok = outcome.result !== 'failure'
    this.#row = this.#row.ok === ok ? { ok, length: this.#row.length + 1 } : { ok, length: 1 }
    const threshold = ok ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3)
    if (this.#row.length < threshold || this.#verdict === ok) return
    this.#verdict = ok
    onVerdict(ok)
  }
}
