import type { Pod } from '../../api/kinds/pod.ts'
import { Backoff } from '../../base/backoff.ts'
import type { PodDeps } from './pod-deps.ts'
import { podCgroup } from './sandbox-config.ts'

/** On a pod: `false` has it stopped at once when it is deleted, as other systems do, while some still send to it. */
const withdrawFirst = 'portolan.dev/withdraw-first'
const longestWaitMs = 2_000
/** By then a packet has arrived that was under way when the last data plane turned its sender away. */
const passageMs = 50
/** How soon to look again at connections that are about to be accepted. */
const lookAgain = { baseMs: 5, maxMs: 100 }

type Deps = Pick<PodDeps, 'withdrawal' | 'cgroups' | 'cgroupRoot' | 'unacceptedConnections' | 'clock' | 'events'>

/**
 * A pod that is being deleted. It goes on serving until its Services send it nothing new and it has accepted what they
 * had sent, for two seconds at most and not longer than half of its grace period, so that it has time left to end what
 * it is doing.
 */
export class Departure {
  readonly #deps: Deps
  readonly #wake: () => void
  readonly #lookAgain = new Backoff(lookAgain)
  /** Of the monotonic clock, as all that is kept: whoever sets the other one moves no deadline. */
  #deadlineMs: number | undefined
  /** Since when nobody sends anything new, and all that was sent is accepted. */
  #quietSinceMs: number | undefined
  #unaccepted = 0
  #isOver = false

  constructor(deps: Deps, wake: () => void) {
    this.#deps = deps
    this.#wake = wake
  }

  /**
   * When to ask again while the pod must not be stopped, unless it changes before; undefined if it may. Looking takes time
   * on a busy machine, so that this may be past: then it must not be stopped all the same.
   */
  async servesUntil(pod: Pod | undefined): Promise<Date | undefined> {
    if (pod === undefined || this.#isOver || !isWithdrawn(pod)) return undefined
    const { withdrawal, clock } = this.#deps
    const { uid } = pod.metadata
    const nowMs = clock.monotonicMs()
    if (this.#deadlineMs === undefined) withdrawal.follow(uid, this.#wake)
    const deadlineMs = (this.#deadlineMs ??= nowMs + longestServingMs(pod, clock.now()))
    const senders = withdrawal.waitsFor(pod)
    if (deadlineMs > nowMs) {
      if (senders.length > 0) this.#quietSinceMs = undefined
      const nextMs = senders.length > 0 ? deadlineMs : await this.#nextLookMs(pod, nowMs)
      if (nextMs !== undefined) return this.#dateOf(Math.min(deadlineMs, nextMs))
    }
    this.#tellWhatIsLost(pod, senders)
    this.#isOver = true
    withdrawal.forget(uid)
    return undefined
  }

  /**
   * Undefined if nothing comes any more. A listener that is closed resets what it has not accepted, so two looks must
   * find nothing of that, with the time between them that packets take that are still under way.
   */
  async #nextLookMs(pod: Pod, nowMs: number): Promise<number | undefined> {
    const { withdrawal, clock } = this.#deps
    this.#unaccepted = await this.#countUnaccepted(pod)
    if (this.#unaccepted > 0) {
      this.#quietSinceMs = undefined
      return clock.monotonicMs() + this.#lookAgain.nextMs()
    }
    if (!withdrawal.hasServed(pod.metadata.uid)) return undefined
    this.#quietSinceMs ??= clock.monotonicMs()
    const passedMs = this.#quietSinceMs + passageMs
    return passedMs > nowMs ? passedMs : undefined
  }

  /** Of a time of the monotonic clock. */
  #dateOf(atMs: number): Date {
    const { clock } = this.#deps
    return new Date(clock.now().getTime() + atMs - clock.monotonicMs())
  }

  /** Of the node's own network nobody knows whose they are. A process that has just ended is passed over. */
  async #countUnaccepted(pod: Pod): Promise<number> {
    const { cgroups, cgroupRoot, unacceptedConnections } = this.#deps
    if (pod.spec.hostNetwork === true) return 0
    for (const pid of await cgroups.processes(podCgroup(pod, cgroupRoot))) {
      const count = await unacceptedConnections(pid)
      if (count !== undefined) return count
    }
    return 0
  }

  #tellWhatIsLost(pod: Pod, senders: readonly string[]): void {
    const { events } = this.#deps
    if (senders.length > 0) {
      const message = `Stopping the pod although new connections may still be sent to it by: ${senders.join(', ')}`
      events.event(pod, 'Warning', { reason: 'NotWithdrawn', message })
    } else if (this.#unaccepted > 0) {
      const message = `Stopping the pod although it has not accepted ${this.#unaccepted} of its connections`
      events.event(pod, 'Warning', { reason: 'NotAccepted', message })
    }
  }
}

function isWithdrawn({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.annotations?.[withdrawFirst] !== 'false'
}

function longestServingMs({ metadata }: Pod, now: Date): number {
  const leftMs = metadata.deletionTimestamp === undefined ? 0 : Date.parse(metadata.deletionTimestamp) - now.getTime()
  return Math.max(0, Math.min(longestWaitMs, leftMs / 2))
}
