import { isDeepStrictEqual } from 'node:util'
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { Service } from '../../api/kinds/service.ts'
import { ApplyLoop } from '../../base/apply-loop.ts'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { Cache } from '../../client/cache.ts'
import { FollowedSlices, type SliceVersions } from '../../client/followed-slices.ts'
import type { Conntrack } from '../../kernel/conntrack.ts'
import type { Nft } from '../../kernel/nft.ts'
import { DesiredState } from './desired.ts'
import { familiesOf, type ClusterRange } from './family.ts'
import type { HealthCheckServers } from './health-check-servers.ts'
import { KernelState, type Inspection } from './kernel-state.ts'
import type { Viewpoint } from './model.ts'
import { ownNode } from './own-node.ts'

export interface ProxyDeps {
  readonly services: Cache<Service>
  readonly slices: Cache<EndpointSlice>
  readonly nodes: Cache<Node>
  readonly nft: Nft
  readonly conntrack: Conntrack
  readonly log: Log
  readonly clock: Clock
  readonly ranges: readonly ClusterRange[]
  /** The node that this is. */
  readonly nodeName: string
  readonly healthChecks: Pick<HealthCheckServers, 'set'>
}

/** By then a packet has passed that was on its way through the rules. */
const passageMs = 50
/** Somebody else's changes to the table are noticed this late, or later if looking would take more than 1 / 200 of the time. */
const inspection = { everyMs: 60_000, pauseFactor: 200 }

/**
 * Keeps the kernel's rules equal to what Services and EndpointSlices say, from the caches' first list on. Changes that
 * come in one turn of the event loop go into one transaction, and those that come while one is under way into the next.
 */
export class Proxy implements AsyncDisposable {
  readonly #deps: ProxyDeps
  readonly #desired: DesiredState
  readonly #kernel: KernelState
  readonly #slices: FollowedSlices
  readonly #loop: ApplyLoop
  /** Whether a timer will have lingering elements removed. */
  #isTidyingPlanned = false
  #isTidyingDue = false
  #inspection: Inspection | undefined

  constructor(deps: ProxyDeps) {
    const { services, slices, nodes, clock, log } = deps
    this.#deps = deps
    this.#desired = new DesiredState(this.#viewpoint())
    this.#kernel = new KernelState(deps)
    this.#slices = new FollowedSlices(log)
    this.#loop = new ApplyLoop({
      what: 'the proxy',
      clock,
      ready: Promise.all([services.synced, slices.synced, nodes.synced]),
      begin: (signal) => this.#begin(signal),
      apply: () => this.#slices.whenApplied(() => this.#apply()),
      failed: (error, retryInMs) => this.#failed(error, retryInMs),
    })
  }

  /** Calls back with the EndpointSlices, those of headless Services too, that the kernel's rules agree with from now on. Returns the function that ends it. */
  onApplied(listener: (slices: SliceVersions) => void): () => void {
    return this.#slices.onApplied(listener)
  }

  /** Resolves when all that the caches have reported is in the kernel. Rejects if the proxy is stopped before. */
  settled(): Promise<void> {
    return this.#loop.settled()
  }

  /** Resolves when no transaction is under way any more. The rules stay, so that traffic goes on. */
  stop(): Promise<void> {
    return this.#loop.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #begin(signal: AbortSignal): () => Promise<void> {
    const endings = this.#subscribe()
    const inspecting = this.#inspectNowAndThen(signal)
    return async () => {
      for (const end of endings) end()
      await inspecting
    }
  }

  async #apply(): Promise<undefined> {
    await this.#kernel.apply(this.#desired)
    await this.#tidy()
    await this.#repair()
    this.#deps.healthChecks.set({ checks: this.#desired.healthChecks(), isUpToDate: true })
  }

  #failed(err: unknown, retryInMs: number): void {
    const { healthChecks, log } = this.#deps
    healthChecks.set({ checks: this.#desired.healthChecks(), isUpToDate: false })
    if (this.#kernel.isKnown) log.warn({ err, retryInMs }, 'applying a change failed, it will be tried again')
    else log.error({ err, retryInMs }, 'a transaction failed, the whole table will be loaded again')
  }

  async #tidy(): Promise<void> {
    if (this.#isTidyingDue) {
      this.#isTidyingDue = false
      await this.#kernel.removeLingering(this.#desired)
    }
    if (this.#kernel.isTidy || this.#isTidyingPlanned) return
    this.#isTidyingPlanned = true
    this.#deps.clock.after(passageMs, () => {
      this.#isTidyingPlanned = false
      this.#isTidyingDue = true
      this.#loop.wake()
    })
  }

  async #repair(): Promise<void> {
    const found = this.#inspection
    this.#inspection = undefined
    if (found !== undefined) await this.#kernel.repair(found, this.#desired)
  }

  /** Looks while changes go on; what it finds is mended between two of them. */
  async #inspectNowAndThen(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps
    let pauseMs = inspection.everyMs
    while (!signal.aborted) {
      try {
        await clock.sleep(pauseMs, signal)
        const started = clock.monotonicMs()
        this.#inspection = await this.#kernel.inspect()
        pauseMs = Math.max(inspection.everyMs, inspection.pauseFactor * (clock.monotonicMs() - started))
        this.#loop.wake()
      } catch (err) {
        if (!signal.aborted) log.warn({ err }, 'the rules in the kernel could not be inspected')
      }
    }
  }

  #viewpoint(): Viewpoint {
    const { nodes, nodeName, ranges } = this.#deps
    return { families: familiesOf(ranges), node: ownNode(nodeName, nodes.get(nodeName)) }
  }

  #subscribe(): (() => void)[] {
    return [
      this.#deps.nodes.onChange((previous, next) => {
        const { nodeName } = this.#deps
        if (![previous, next].some((node) => node?.metadata.name === nodeName)) return
        if (isDeepStrictEqual(ownNode(nodeName, previous), ownNode(nodeName, next))) return
        this.#desired.viewpointChanged(this.#viewpoint())
        this.#loop.wake()
      }),
      this.#deps.services.onChange((previous, next) => {
        this.#desired.serviceChanged(previous, next)
        this.#loop.wake()
      }),
      this.#deps.slices.onChange((previous, next) => {
        this.#desired.sliceChanged(previous, next)
        this.#slices.changed(previous, next)
        this.#loop.wake()
      }),
    ]
  }
}
