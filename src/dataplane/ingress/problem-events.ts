import type { Ingress } from '../../api/kinds/ingress.ts'
import type { Clock } from '../../base/clock.ts'
import { TokenBucket } from '../../base/token-bucket.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import type { Problem, Reason } from './problem.ts'

export interface ProblemEventsDeps {
  readonly events: EventRecorder
  readonly clock: Clock
}

/** A problem that lasts is told again, so that its Event outlives the hour that Events are kept. */
const repeatMs = 1_800_000
/** Of all Ingresses together: who starts may find thousands with problems. */
const budget = { burst: 50, refillMs: 500 }
/** Of one reason; more of them are only counted. */
const mostMessages = 5

interface Troubled {
  readonly ingress: Ingress
  readonly messages: ReadonlyMap<Reason, string>
}

type ByUid = ReadonlyMap<string, Troubled>

/** Tells what is wrong with Ingresses, one Event for each reason, again when it changes, and when all is well again. */
export class ProblemEvents {
  readonly #deps: ProblemEventsDeps
  readonly #bucket: TokenBucket
  #troubled: ByUid = new Map()
  /** By uid and reason: of what waits for its turn to be told, and of what will be told again. */
  readonly #timers = new Map<string, { readonly cancel: () => void; readonly isWaiting: boolean }>()

  constructor(deps: ProblemEventsDeps) {
    this.#deps = deps
    this.#bucket = new TokenBucket({ clock: deps.clock, ...budget })
  }

  /** All problems that there are now, and all Ingresses that are served. */
  set(problems: readonly Problem[], ingresses: readonly Ingress[]): void {
    const before = this.#troubled
    this.#troubled = byUid(problems)
    for (const [uid, { messages }] of this.#troubled) {
      for (const [reason, message] of messages) if (before.get(uid)?.messages.get(reason) !== message) this.#tell(uid, reason)
    }
    for (const ingress of ingresses) {
      const { uid } = ingress.metadata
      if (before.has(uid) && !this.#troubled.has(uid)) {
        this.#deps.events.event(ingress, 'Normal', { reason: 'ProblemsSolved', message: 'Nothing is wrong with this Ingress any more' })
      }
    }
  }

  /** One that waits for its turn keeps it, and is told as it is then. */
  #tell(uid: string, reason: Reason): void {
    if (this.#timers.get(keyOf(uid, reason))?.isWaiting === true) return
    const waitMs = this.#bucket.take()
    if (waitMs === 0) return this.#record(uid, reason)
    this.#later(waitMs, keyOf(uid, reason), { isWaiting: true, tell: () => this.#record(uid, reason) })
  }

  /** Unless it has been solved meanwhile. */
  #record(uid: string, reason: Reason): void {
    const { ingress, messages } = this.#troubled.get(uid) ?? {}
    const message = messages?.get(reason)
    if (ingress === undefined || message === undefined) return
    this.#deps.events.event(ingress, 'Warning', { reason, message })
    this.#later(repeatMs, keyOf(uid, reason), { isWaiting: false, tell: () => this.#tell(uid, reason) })
  }

  #later(ms: number, key: string, { isWaiting, tell }: { isWaiting: boolean; tell: () => void }): void {
    this.#timers.get(key)?.cancel()
    const cancel = this.#deps.clock.after(ms, () => {
      this.#timers.delete(key)
      tell()
    })
    this.#timers.set(key, { cancel, isWaiting })
  }
}

function keyOf(uid: string, reason: Reason): string {
  return `${uid} ${reason}`
}

function byUid(problems: readonly Problem[]): ByUid {
  const found = new Map<string, { ingress: Ingress; lists: Map<Reason, Set<string>> }>()
  for (const { ingress, reason, message } of problems) {
    const { lists } = found.get(ingress.metadata.uid) ?? { lists: new Map<Reason, Set<string>>() }
    lists.set(reason, (lists.get(reason) ?? new Set()).add(message))
    found.set(ingress.metadata.uid, { ingress, lists })
  }
  return new Map(
    [...found].map(([uid, { ingress, lists }]) => [uid, { ingress, messages: new Map([...lists].map(([reason, list]) => [reason, inOne([...list])])) }]),
  )
}

function inOne(messages: readonly string[]): string {
  const more = messages.length - mostMessages
  return [...messages.slice(0, mostMessages), ...(more > 0 ? [`and ${more} more like that`] : [])].join('; ')
}
