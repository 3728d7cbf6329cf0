import type { Clock } from '../../base/clock.ts'
import type { Ask, Check, Health } from './health.ts'

export interface HealthChecksDeps {
  readonly ask: Ask
  readonly clock: Clock
  /** Called when the health of a port has changed. */
  readonly onChange: () => void
}

/** So many answers in a row that are missing, or bad, make a port unhealthy; one good answer makes it healthy. */
const failuresAllowed = 2
/** What is new is asked often: its proxy may be about to know of it, too. */
const beginning = { lastsMs: 1_000, everyMs: 50 }
/** After an answer that a healthy port fails to give. With half a second for each answer a dead node is noticed in 1.6 s. */
const doubtMs = 100
const unhealthyMs = 500

/** Asks ports for their health, over and over, as long as they are wanted. */
export class HealthChecks {
  readonly #deps: HealthChecksDeps
  readonly #running = new Map<string, RunningCheck>()

  constructor(deps: HealthChecksDeps) {
    this.#deps = deps
  }

  /** What is to be known from now on: all of it. What is already asked for goes on. */
  set(checks: readonly Check[]): void {
    const wanted = new Map(checks.map((check) => [keyOf(check), check]))
    for (const [key, running] of this.#running) {
      if (wanted.has(key)) continue
      running.stop()
      this.#running.delete(key)
    }
    for (const [key, check] of wanted) {
      const running = this.#running.get(key)
      if (running === undefined) this.#running.set(key, new RunningCheck(check, this.#deps))
      else running.everyMs = check.everyMs
    }
  }

  healthOf(address: string, port: number): Health {
    return this.#running.get(keyOf({ address, port }))?.health ?? 'unknown'
  }

  stop(): void {
    this.set([])
  }
}

class RunningCheck {
  everyMs: number
  readonly #check: Check
  readonly #deps: HealthChecksDeps
  readonly #ending = new AbortController()
  readonly #startedMs: number
  #health: Health = 'unknown'
  #failures = 0

  constructor(check: Check, deps: HealthChecksDeps) {
    this.#check = check
    this.#deps = deps
    this.everyMs = check.everyMs
    this.#startedMs = deps.clock.monotonicMs()
    void this.#run()
  }

  get health(): Health {
    return this.#health
  }

  stop(): void {
    this.#ending.abort()
  }

  async #run(): Promise<void> {
    const { ask, clock } = this.#deps
    const { signal } = this.#ending
    while (!signal.aborted) {
      const isWell = await ask(this.#check, signal)
      if (signal.aborted) return
      this.#judge(isWell)
      await clock.sleep(this.#pauseMs(), signal).catch(() => undefined) // it was stopped
    }
  }

  #judge(isWell: boolean): void {
    this.#failures = isWell ? 0 : this.#failures + 1
    const before = this.#health
    if (isWell) this.#health = 'healthy'
    else if (this.#failures >= failuresAllowed) this.#health = 'unhealthy'
    if (this.#health !== before) this.#deps.onChange()
  }

  #pauseMs(): number {
    if (this.#health === 'healthy') return this.#failures > 0 ? doubtMs : this.everyMs
    const isNew = this.#deps.clock.monotonicMs() - this.#startedMs < beginning.lastsMs
    return isNew ? beginning.everyMs : unhealthyMs
  }
}

function keyOf({ address, port }: { address: string; port: number }): string {
  return `${address}:${port}`
}
