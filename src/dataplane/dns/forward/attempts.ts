import type { Clock } from '../../../base/clock.ts'
import { rcode } from '../record.ts'
import type { ExternalAnswer } from './external-answer.ts'
import { inOrder, type Upstream } from './upstream.ts'

/** When one has not answered in this time, the next one is asked as well. */
const patienceMs = 300

type Ask = (upstream: Upstream, signal: AbortSignal) => Promise<ExternalAnswer>

/**
 * Asks upstreams one after the other, without giving up on those before, until one has an answer; those that are still
 * being asked then are told to stop. An answer that only says that a server cannot help counts if there is no better one.
 * Rejects with the reasons of all if none answers.
 */
export async function firstAnswer(upstreams: readonly Upstream[], ask: Ask, clock: Clock): Promise<ExternalAnswer> {
  const attempts = new Attempts(inOrder(upstreams), ask, clock)
  attempts.next()
  try {
    return await attempts.answer
  } finally {
    attempts.stop()
  }
}

class Attempts {
  readonly #upstreams: readonly Upstream[]
  readonly #ask: Ask
  readonly #clock: Clock
  readonly #stopped = new AbortController()
  readonly #outcome = Promise.withResolvers<ExternalAnswer>()
  readonly #reasons: string[] = []
  #refusal: ExternalAnswer | undefined
  #started = 0
  #failed = 0
  #cancelNext = () => {}

  constructor(upstreams: readonly Upstream[], ask: Ask, clock: Clock) {
    this.#upstreams = upstreams
    this.#ask = ask
    this.#clock = clock
  }

  get answer(): Promise<ExternalAnswer> {
    return this.#outcome.promise
  }

  stop(): void {
    this.#cancelNext()
    this.#stopped.abort(new Error('another one has answered'))
  }

  next(): void {
    this.#cancelNext()
    const upstream = this.#upstreams[this.#started]
    if (upstream === undefined) return
    this.#started += 1
    this.#cancelNext = this.#clock.after(patienceMs, () => this.next())
    this.#ask(upstream, this.#stopped.signal).then(
      (answer) => {
        if (isHelp(answer)) return this.#outcome.resolve(answer)
        this.#refusal = answer
        return this.#fail(`${upstream.name}: response code ${answer.rcode}`)
      },
      (error: unknown) => this.#fail(`${upstream.name}: ${error instanceof Error ? error.message : String(error)}`),
    )
  }

  #fail(reason: string): void {
    if (this.#stopped.signal.aborted) return
    this.#reasons.push(reason)
    this.#failed += 1
    if (this.#started < this.#upstreams.length) return this.next()
    if (this.#failed < this.#started) return
    if (this.#refusal === undefined) this.#outcome.reject(new Error(this.#reasons.join('; ')))
    else this.#outcome.resolve(this.#refusal)
  }
}

function isHelp(answer: ExternalAnswer): boolean {
  return answer.rcode === rcode.noError || answer.rcode === rcode.nameError
}
