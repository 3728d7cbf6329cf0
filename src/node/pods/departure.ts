import type { Pod } from '../../api/kinds/pod.ts'
import type { PodDeps } from './pod-deps.ts'

/** On a pod: `false` has it stopped at once when it is deleted, as other systems do, while some still send to it. */
const withdrawFirst = 'portolan.dev/withdraw-first'
const longestWaitMs = 2_000

/**
 * A pod that is being deleted. It goes on serving until its Services send it nothing new, for two seconds at most and
 * not longer than half of its grace period, so that it has time left to end what it is doing.
 */
export class Departure {
  readonly #deps: Pick<PodDeps, 'withdrawal' | 'clock' | 'events'>
  readonly #wake: () => void
  #deadline: Date | undefined
  #isOver = false

  constructor(deps: Pick<PodDeps, 'withdrawal' | 'clock' | 'events'>, wake: () => void) {
    this.#deps = deps
    this.#wake = wake
  }

  /** Until when the pod must not be stopped; undefined if it may. */
  servesUntil(pod: Pod | undefined): Date | undefined {
    if (pod === undefined || this.#isOver || !isWithdrawn(pod)) return undefined
    const { withdrawal, clock } = this.#deps
    const { uid } = pod.metadata
    const now = clock.now()
    if (this.#deadline === undefined) withdrawal.follow(uid, this.#wake)
    const deadline = (this.#deadline ??= new Date(now.getTime() + longestServingMs(pod, now)))
    const waitsFor = withdrawal.waitsFor(uid)
    if (waitsFor.length > 0 && deadline > now) return deadline
    if (waitsFor.length > 0) this.#tellLate(pod, waitsFor)
    this.#isOver = true
    withdrawal.forget(uid)
    return undefined
  }

  #tellLate(pod: Pod, waitsFor: readonly string[]): void {
    const message = `Stopping the pod although new connections may still be sent to it by: ${waitsFor.join(', ')}`
    this.#deps.events.event(pod, 'Warning', { reason: 'NotWithdrawn', message })
  }
}

function isWithdrawn({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.annotations?.[withdrawFirst] !== 'false'
}

function longestServingMs({ metadata }: Pod, now: Date): number {
  const leftMs = metadata.deletionTimestamp === undefined ? 0 : Date.parse(metadata.deletionTimestamp) - now.getTime()
  return Math.max(0, Math.min(longestWaitMs, leftMs / 2))
}
