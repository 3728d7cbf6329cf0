import { isDeepStrictEqual } from 'node:util'
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { Service } from '../../api/kinds/service.ts'
import { ApplyLoop } from '../../base/apply-loop.ts'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { Cache } from '../../client/cache.ts'
import { FollowedSlices, type SliceVersions } from '../../client/followed-slices.ts'
import { SlicesByService } from '../../client/slices-by-service.ts'
import type { Nft } from '../../kernel/nft.ts'
import type { Processes } from '../../kernel/processes.ts'
import { balancedNode, type BalancedNode } from './balanced-node.ts'
import { baseRules } from './base-rules.ts'
import { compile } from './compile.ts'
import { type Domain, frontendsOf } from './frontend.ts'
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
  /** Services and addresses of others are left alone. */
  readonly domain: Domain
  /** Where nodes' packets come in. */
  readonly nodesDevice: string
}

/** Somebody else's changes to the table, and to the paths to nodes, are noticed this late. */
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
  readonly #slices = new SlicesByService()
  readonly #followed: FollowedSlices
  readonly #loop: ApplyLoop
  /** Whether something came in that changes where connections go. */
  #isDirty = true
  /** Whether it is time to look at the paths, which is done between two changes of them. */
  #isInspectionDue = false

  constructor(deps: LoadBalancerDeps) {
    const { services, slices, nodes, clock, log } = deps
    this.#deps = deps
    this.#table = new KernelTable({ ...deps, rules: baseRules({ pool: deps.domain.pool, nodesDevice: deps.nodesDevice }) })
    this.#paths = new NodePaths(deps)
    this.#health = new HealthChecks({ ...deps, onChange: () => this.#becomeDirty() })
    this.#followed = new FollowedSlices(log)
    this.#loop = new ApplyLoop({
      what: 'the load balancer',
      clock,
      ready: Promise.all([services.synced, slices.synced, nodes.synced]),
      begin: (signal) => this.#begin(signal),
      apply: () => this.#followed.whenApplied(() => this.#inspectAndApply()),
      failed: (err, retryInMs) => log.error({ err, retryInMs }, 'a change failed, the whole table will be loaded again'),
    })
  }

  /** Calls back with the slices that connections follow from now on. Returns the function that ends it. */
  onApplied(listener: (slices: SliceVersions) => void): () => void {
    return this.#followed.onApplied(listener)
  }

  /** Resolves when all that the caches have reported is in the kernel. Rejects if it is stopped before. */
  settled(): Promise<void> {
    return this.#loop.settled()
  }

  /** Resolves when no transaction is under way any more. The rules stay, so that connections go on. */
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
      this.#health.stop()
      await inspecting
    }
  }

  async #inspectAndApply(): Promise<undefined> {
    if (this.#isInspectionDue) await this.#inspectPaths()
    if (!this.#isDirty) return
    this.#isDirty = false
    try {
      await this.#apply()
    } catch (error) {
      this.#isDirty = true
      throw error
    }
  }

  async #apply(): Promise<void> {
    const { services, nodes, domain } = this.#deps
    const all = nodes.list().map(balancedNode).filter((node) => node !== undefined)
    // To those that are closed, too: they keep the connections that they have.
    const reachable = await this.#paths.set(all.map(({ address }) => address))
    const { elements, checks } = compile({
      services: services.list(),
      slicesOf: (service) => this.#slices.of(service),
      nodes: all.filter(({ address, isOpen }) => isOpen && reachable.has(address)),
      healthOf: (address, port) => this.#health.healthOf(address, port),
      domain,
    })
    this.#health.set(checks)
    await this.#table.apply(elements)
  }

  async #inspectNowAndThen(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps
    while (!signal.aborted) {
      try {
        await clock.sleep(inspectEveryMs, signal)
        this.#isInspectionDue = true
        this.#loop.wake()
        if ((await this.#table.inspect()) === 'changed') this.#becomeDirty()
      } catch (err) {
        if (!signal.aborted) log.warn({ err }, 'the rules in the kernel could not be inspected')
      }
    }
  }

  async #inspectPaths(): Promise<void> {
    this.#isInspectionDue = false
    try {
      if ((await this.#paths.inspect()) === 'changed') this.#isDirty = true
    } catch (err) {
      this.#deps.log.warn({ err }, 'the paths to nodes could not be inspected')
    }
  }

  #subscribe(): (() => void)[] {
    const { services, slices, nodes } = this.#deps
    return [
      nodes.onChange((previous, next) => {
        if (!isDeepStrictEqual(asBalanced(previous), asBalanced(next))) this.#becomeDirty()
      }),
      services.onChange((previous, next) => {
        if ([previous, next].some((service) => this.#isBalanced(service))) this.#becomeDirty()
      }),
      slices.onChange((previous, next) => this.#onSlice(previous, next)),
    ]
  }

  #onSlice(previous: EndpointSlice | undefined, next: EndpointSlice | undefined): void {
    this.#followed.changed(previous, next)
    const concerned = this.#slices.change(previous, next)
    if (concerned.some((key) => this.#followsEndpoints(this.#deps.services.get(key)))) this.#isDirty = true
    this.#loop.wake()
  }

  #isBalanced(service: Service | undefined): boolean {
    return service !== undefined && frontendsOf(service, this.#deps.domain).length > 0
  }

  #followsEndpoints(service: Service | undefined): boolean {
    return service?.spec.externalTrafficPolicy === 'Local' && this.#isBalanced(service)
  }

  #becomeDirty(): void {
    this.#isDirty = true
    this.#loop.wake()
  }
}

function asBalanced(node: Node | undefined): BalancedNode | undefined {
  return node === undefined ? undefined : balancedNode(node)
}
