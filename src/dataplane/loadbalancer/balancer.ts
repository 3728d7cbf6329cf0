import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Node } from '../../api/kinds/node.ts'
import { serviceOf } from '../../api/kinds/service-endpoints.ts'
import type { Service } from '../../api/kinds/service.ts'
import { keyOf, type ObjectKey } from '../../api/object.ts'
import { Backoff } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import type { AddressRange } from '../../base/ip.ts'
import type { Log } from '../../base/log.ts'
import type { Cache } from '../../client/cache.ts'
import type { Nft } from '../../kernel/nft.ts'
import type { Processes } from '../../kernel/processes.ts'
import { balancedNode, type BalancedNode } from './balanced-node.ts'
import { baseRules } from './base-rules.ts'
import { compile } from './compile.ts'
import { frontendsOf } from './frontend.ts'
import { HealthChecks } from './health-checks.ts'
import type { Ask } from './health.ts'
import { KernelTable } from './kernel-table.ts'
import { NodePaths } from './node-paths.ts'

export interface LoadBalancerDeps {
  readonly services: Cache<Service>
  readonly slices: Cache<EndpointSlice>
  readonly nodes: Cache<Node>
  readonly nft: Nft
  readonly processes: Processes
  readonly ask: Ask
  readonly log: Log
  readonly clock: Clock
  /** Addresses of others are left alone. */
  readonly pool: AddressRange
  /** Where nodes' packets come in. */
  readonly nodesDevice: string
}

/** EndpointSlices by key: the resourceVersion, or undefined for one that was deleted. */
export type FollowedSlices = ReadonlyMap<ObjectKey, string | undefined>

const retry = { baseMs: 100, maxMs: 10_000 }
/** Somebody else's changes to the table are noticed this late. */
const inspectEveryMs = 60_000

/**
 * Leads connections to the addresses of load balancers to nodes, in the network namespace in which `nft` and
 * `processes` work: the router between the nodes and the outside. Changes that come in one turn of the event loop go
 * into one transaction, and those that come while one is under way into the next.
 */
export class LoadBalancer implements AsyncDisposable {
  readonly #deps: LoadBalancerDeps
  readonly #table: KernelTable
  readonly #paths: NodePaths
  readonly #health: HealthChecks
  readonly #backoff = new Backoff(retry)
  readonly #stopping = new AbortController()
  readonly #slices = new Map<ObjectKey, Map<ObjectKey, EndpointSlice>>()
  readonly #listeners = new Set<(slices: FollowedSlices) => void>()
  readonly #running: Promise<void>
  /** Slices that connections do not follow yet as they are here. */
  #unapplied = new Map<ObjectKey, string | undefined>()
  /** Resolves when there is something to do. */
  #work = Promise.withResolvers<void>()
  /** Whether something came in that changes where connections go. */
  #isDirty = true
  #isAtRest = false
  /** Of those who wait for rest; undefined if nobody does. */
  #rest: PromiseWithResolvers<void> | undefined

  constructor(deps: LoadBalancerDeps) {
    this.#deps = deps
    this.#table = new KernelTable({ ...deps, rules: baseRules(deps) })
    this.#paths = new NodePaths(deps)
    this.#health = new HealthChecks({ ...deps, onChange: () => this.#wake({ isDirty: true }) })
    this.#running = this.#run(this.#stopping.signal)
  }

  /** Calls back with the slices that connections follow from now on. Returns the function that ends it. */
  onApplied(listener: (slices: FollowedSlices) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves when all that the caches have reported is in the kernel. Rejects if it is stopped before. */
  settled(): Promise<void> {
    if (this.#isAtRest) return Promise.resolve()
    if (this.#stopping.signal.aborted) return Promise.reject(this.#stopping.signal.reason)
    return (this.#rest ??= Promise.withResolvers()).promise
  }

  /** Resolves when no transaction is under way any more. The rules stay, so that connections go on. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the load balancer was stopped'))
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
    this.#wake({ isDirty: true }) // there are rules even if there are no Services
    const inspecting = this.#inspectNowAndThen(signal)
    for (;;) {
      await this.#work.promise
      await setImmediate()
      if (signal.aborted) break
      this.#work = Promise.withResolvers()
      await this.#step(signal)
    }
    for (const end of endings) end()
    this.#health.stop()
    await inspecting
  }

  async #step(signal: AbortSignal): Promise<void> {
    const slices = this.#unapplied
    const isDirty = this.#isDirty
    this.#unapplied = new Map()
    this.#isDirty = false
    try {
      if (isDirty) await this.#apply()
    } catch (err) {
      this.#unapplied = new Map([...slices, ...this.#unapplied])
      await this.#pause(err, signal)
      return
    }
    this.#backoff.reset()
    if (slices.size > 0) for (const listener of this.#listeners) listener(slices)
    if (this.#isDirty || this.#unapplied.size > 0) return
    this.#isAtRest = true
    this.#rest?.resolve()
    this.#rest = undefined
  }

  async #apply(): Promise<void> {
    const { services, nodes, pool } = this.#deps
    const all = nodes.list().map(balancedNode).filter((node) => node !== undefined)
    // To those that are closed, too: they keep the connections that they have.
    const reachable = await this.#paths.set(all.map(({ address }) => address))
    const { elements, checks } = compile({
      services: services.list(),
      slicesOf: (service) => [...(this.#slices.get(service)?.values() ?? [])],
      nodes: all.filter(({ address, isOpen }) => isOpen && reachable.has(address)),
      healthOf: (address, port) => this.#health.healthOf(address, port),
      pool,
    })
    this.#health.set(checks)
    await this.#table.apply(elements)
  }

  async #inspectNowAndThen(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps
    while (!signal.aborted) {
      try {
        await clock.sleep(inspectEveryMs, signal)
        if ((await this.#table.inspect()) === 'changed') this.#wake({ isDirty: true })
      } catch (err) {
        if (!signal.aborted) log.warn({ err }, 'the rules in the kernel could not be inspected')
      }
    }
  }

  async #pause(err: unknown, signal: AbortSignal): Promise<void> {
    const { log, clock } = this.#deps
    const retryInMs = this.#backoff.nextMs()
    log.error({ err, retryInMs }, 'a change failed, the whole table will be loaded again')
    this.#wake({ isDirty: true })
    try {
      await clock.sleep(retryInMs, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  #subscribe(): (() => void)[] {
    const { services, slices, nodes } = this.#deps
    return [
      nodes.onChange((previous, next) => {
        const isDirty = !isDeepStrictEqual(asBalanced(previous), asBalanced(next))
        if (isDirty) this.#wake({ isDirty })
      }),
      services.onChange((previous, next) => {
        const isDirty = [previous, next].some((service) => this.#isBalanced(service))
        if (isDirty) this.#wake({ isDirty })
      }),
      slices.onChange((previous, next) => this.#onSlice(previous, next)),
    ]
  }

  #onSlice(previous: EndpointSlice | undefined, next: EndpointSlice | undefined): void {
    const [from, to] = [previous, next].map((slice) => slice && serviceOf(slice))
    if (previous !== undefined && from !== undefined) {
      const ofService = this.#slices.get(from)
      ofService?.delete(keyOf(previous))
      if (ofService?.size === 0) this.#slices.delete(from)
    }
    if (next !== undefined && to !== undefined) {
      this.#slices.set(to, (this.#slices.get(to) ?? new Map<ObjectKey, EndpointSlice>()).set(keyOf(next), next))
    }
    if (previous !== undefined) this.#unapplied.set(keyOf(previous), undefined)
    if (next !== undefined) this.#unapplied.set(keyOf(next), next.metadata.resourceVersion)
    const isDirty = [from, to].some((key) => key !== undefined && this.#followsEndpoints(this.#deps.services.get(key)))
    this.#wake({ isDirty })
  }

  #isBalanced(service: Service | undefined): boolean {
    return service !== undefined && frontendsOf(service, this.#deps.pool).length > 0
  }

  #followsEndpoints(service: Service | undefined): boolean {
    return service?.spec.externalTrafficPolicy === 'Local' && this.#isBalanced(service)
  }

  #wake({ isDirty }: { isDirty: boolean }): void {
    if (isDirty) this.#isDirty = true
    this.#isAtRest = false
    this.#work.resolve()
  }
}

function asBalanced(node: Node | undefined): BalancedNode | undefined {
  return node === undefined ? undefined : balancedNode(node)
}
