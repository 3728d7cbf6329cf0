import type { ProberDeps } from './prober.ts'
import type { ProbeOutcome } from './http-get.ts'
import { runProbe, type ProbeSpec, type ProbeTarget } from './run-probe.ts'

export interface ProbeLoopOptions {
  readonly probe: ProbeSpec
  readonly target: ProbeTarget & { readonly startedAt: Date }
  /** The verdict that holds before the first probe. */
  readonly initially: boolean
  /** Called when the verdict changes, by the thresholds. */
  onVerdict(succeeded: boolean): void
  /** Called for every single failure. */
  onFailure(message: string): void
}

/** Repeats one probe of one container, `periodSeconds` apart, until stopped. */
export class ProbeLoop {
  readonly #deps: ProberDeps
  readonly #options: ProbeLoopOptions
  #verdict: boolean
  #row = { ok: true, length: 0 }
  #stopped = false
  #cancel: () => void

  constructor(deps: ProberDeps, options: ProbeLoopOptions) {
    this.#deps = deps
    this.#options = options
    this.#verdict = options.initially
    const { probe, target } = options
    const due = target.startedAt.getTime() + (probe.initialDelaySeconds ?? 0) * 1000
    this.#cancel = this.#after(Math.max(0, due - deps.clock.now().getTime()))
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #after(ms: number): () => void {
    return this.#deps.clock.after(ms, () => void this.#turn())
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
    if (!this.#stopped) this.#cancel = this.#after((probe.periodSeconds ?? 10) * 1000)
  }

  #judge({ ok, message }: ProbeOutcome): void {
    const { probe, onVerdict, onFailure } = this.#options
    if (!ok) onFailure(message)
    this.#row = this.#row.ok === ok ? { ok, length: this.#row.length + 1 } : { ok, length: 1 }
    const threshold = ok ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3)
    if (this.#row.length < threshold || this.#verdict === ok) return
    this.#verdict = ok
    onVerdict(ok)
  }
}
