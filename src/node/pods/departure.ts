import type { Pod } from '../../api/kinds/pod.ts'
import { Backoff } from '../../base/backoff.ts'
import type { PodDeps } from './pod-deps.ts'
import { podCgroup } from './sandbox-config.ts'

/** On a pod: `false` has it stopped at once when it is deleted, as other systems do, while some still send to it. */
const withdrawFirst = 'portolan.dev/withdraw-first'
const longestWaitMs = 2_000
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
  #deadline: Date | undefined
  #isOver = false

  constructor(deps: Deps, wake: () => void) {
    this.#deps = deps
    this.#wake = wake
  }

  /** Until when the pod must not be stopped, unless it changes before; undefined if it may. */
  async servesUntil(pod: Pod | undefined): Promise<Date | undefined> {
    if (pod === undefined || this.#isOver || !isWithdrawn(pod)) return undefined
    const { withdrawal, clock } = this.#deps
    const { uid } = pod.metadata
    const now = clock.now()
    if (this.#deadline === undefined) withdrawal.follow(uid, this.#wake)
    const deadline = (this.#deadline ??= new Date(now.getTime() + longestServingMs(pod, now)))
    const senders = withdrawal.waitsFor(uid)
    if (senders.length > 0 && deadline > now) return deadline
    if (deadline > now && (await this.#unaccepted(pod)) > 0) return earlier(deadline, new Date(now.getTime() + this.#lookAgain.nextMs()))
    if (senders.length > 0) this.#tellLate(pod, senders)
    this.#isOver = true
    withdrawal.forget(uid)
    return undefined
  }

  /** A listener that is closed resets what it has not accepted. Of the node's own network nobody knows whose it is. */
  async #unaccepted(pod: Pod): Promise<number> {
    const { cgroups, cgroupRoot, unacceptedConnections } = this.#deps
    if (pod.spec.hostNetwork === true) return 0
    const [pid] = await cgroups.processes(podCgroup(pod, cgroupRoot))
    return pid === undefined ? 0 : unacceptedConnections(pid)
  }

  #tellLate(pod: Pod, senders: readonly string[]): void {
    const message = `Stopping the pod although new connections may still be sent to it by: ${senders.join(', ')}`
    this.#deps.events.event(pod, 'Warning', { reason: 'NotWithdrawn', message })
  }
}

function earlier(a: Date, b: Date): Date {
  return a < b ? a : b
}

function isWithdrawn({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.annotations?.[withdrawFirst] !== 'false'
}

function longestServingMs({ metadata }: Pod, now: Date): number {
  const leftMs = metadata.deletionTimestamp === undefined ? 0 : Date.parse(metadata.deletionTimestamp) - now.getTime()
  return Math.max(0, Math.min(longestWaitMs, leftMs / 2))
}
