import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { Service } from '../../api/kinds/service.ts'
import { keyOf, type ObjectKey } from '../../api/object.ts'
import { Backoff } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { Cache } from '../../client/cache.ts'
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

/** EndpointSlices by key: the resourceVersion, or undefined for one that was deleted. */
export type AppliedSlices = ReadonlyMap<ObjectKey, string | undefined>

const retry = { baseMs: 100, maxMs: 10_000 }
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
  readonly #backoff = new Backoff(retry)
  readonly #stopping = new AbortController()
  readonly #applied = new Map<ObjectKey, string>()
  readonly #listeners = new Set<(slices: AppliedSlices) => void>()
  readonly #running: Promise<void>
  /** Slices that the kernel does not have yet as they are here. */
  #unapplied = new Map<ObjectKey, string | undefined>()
  /** Resolves when there is something to do. */
  #work = Promise.withResolvers<void>()
  /** Whether something came in since the last step began. */
  #isAwake = false
  #isAtRest = false
  /** Whether a timer will have lingering elements removed. */
  #isTidyingPlanned = false
  #isTidyingDue = false
  #inspection: Inspection | undefined
  /** Of those who wait for rest; undefined if nobody does. */
  #rest: PromiseWithResolvers<void> | undefined

  constructor(deps: ProxyDeps) {
    this.#deps = deps
    this.#desired = new DesiredState(this.#viewpoint())
    this.#kernel = new KernelState(deps)
    this.#running = this.#run(this.#stopping.signal)
  }

  /** The EndpointSlices that the kernel's rules agree with, by resourceVersion. Those of headless Services too. */
  get applied(): ReadonlyMap<ObjectKey, string> {
    return this.#applied
  }

  /** Calls back after each change of `applied`, with what has changed. Returns the function that ends it. */
  onApplied(listener: (slices: AppliedSlices) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves when all that the caches have reported is in the kernel. Rejects if the proxy is stopped before. */
  settled(): Promise<void> {
    if (this.#isAtRest) return Promise.resolve()
    if (this.#stopping.signal.aborted) return Promise.reject(this.#stopping.signal.reason)
    return (this.#rest ??= Promise.withResolvers()).promise
  }

  /** Resolves when no transaction is under way any more. The rules stay, so that traffic goes on. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the proxy was stopped'))
    this.#work.resolve()
    await this.#running
    this.#rest?.reject(this.#stopping.signal.reason)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { services, slices, nodes } = this.#deps
    await Promise.race([Promise.all([services.synced, slices.synced, nodes.synced]), this.#work.promise])
    const endings = signal.aborted ? [] : this.#subscribe()
    this.#wake() // there are rules even if there are no Services
    const inspecting = this.#inspectNowAndThen(signal)
    for (;;) {
      await this.#work.promise
      await setImmediate()
      if (signal.aborted) break
      this.#work = Promise.withResolvers()
      this.#isAwake = false
      await this.#apply(signal)
    }
    for (const end of endings) end()
    await inspecting
  }

  async #apply(signal: AbortSignal): Promise<void> {
    const slices = this.#unapplied
    this.#unapplied = new Map()
    try {
      await this.#kernel.apply(this.#desired)
      await this.#tidy()
      await this.#repair()
    } catch (err) {
      this.#unapplied = new Map([...slices, ...this.#unapplied])
      await this.#pause(err, signal)
      return
    }
    this.#backoff.reset()
    this.#publish(slices)
    this.#deps.healthChecks.set({ checks: this.#desired.healthChecks(), isUpToDate: true })
    if (this.#isAwake) return
    this.#isAtRest = true
    this.#rest?.resolve()
    this.#rest = undefined
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
      this.#wake()
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
        this.#wake()
      } catch (err) {
        if (!signal.aborted) log.warn({ err }, 'the rules in the kernel could not be inspected')
      }
    }
  }

  async #pause(err: unknown, signal: AbortSignal): Promise<void> {
    this.#deps.healthChecks.set({ checks: this.#desired.healthChecks(), isUpToDate: false })
    const retryInMs = this.#backoff.nextMs()
    const { log, clock } = this.#deps
    if (this.#kernel.isKnown) log.warn({ err, retryInMs }, 'applying a change failed, it will be tried again')
    else log.error({ err, retryInMs }, 'a transaction failed, the whole table will be loaded again')
    this.#wake()
    try {
      await clock.sleep(retryInMs, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  #publish(slices: AppliedSlices): void {
    if (slices.size === 0) return
    for (const [key, version] of slices) {
      if (version === undefined) this.#applied.delete(key)
      else this.#applied.set(key, version)
    }
    for (const listener of this.#listeners) this.#tell(listener, slices)
  }

  #tell(listener: (slices: AppliedSlices) => void, slices: AppliedSlices): void {
    try {
      listener(slices)
    } catch (err) {
      this.#deps.log.error({ err }, 'a listener of the proxy failed')
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
        this.#wake()
      }),
      this.#deps.services.onChange((previous, next) => {
        this.#desired.serviceChanged(previous, next)
        this.#wake()
      }),
      this.#deps.slices.onChange((previous, next) => {
        this.#desired.sliceChanged(previous, next)
        if (previous !== undefined) this.#unapplied.set(keyOf(previous), undefined)
        if (next !== undefined) this.#unapplied.set(keyOf(next), next.metadata.resourceVersion)
        this.#wake()
      }),
    ]
  }

  #wake(): void {
    this.#isAwake = true
    this.#isAtRest = false
    this.#work.resolve()
  }
}
