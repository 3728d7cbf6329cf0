import type { Log } from '../../base/log.ts'
import { flowKey, type Conntrack, type TrackedFlow } from '../../kernel/conntrack.ts'
import type { Nft } from '../../kernel/nft.ts'
import type { DesiredState } from './desired.ts'
import type { Change } from './diff.ts'
import { familiesOf, type ServiceRange } from './family.ts'
import { chainOf } from './shape.ts'
import { staleFlows } from './tracked-flows.ts'
import { changeOperations, reloadOperations, shapesOf } from './transactions.ts'

export interface KernelDeps {
  readonly nft: Nft
  readonly conntrack: Conntrack
  readonly log: Log
  readonly ranges: readonly ServiceRange[]
}

/**
 * What the kernel was last told. Sends only differences, except at first and after a failed transaction, when it is
 * not known what the kernel has: then the whole table is replaced.
 */
export class KernelState {
  readonly #deps: KernelDeps
  /** Chains of shapes that are in the table; undefined when the table's content is not known. */
  #shapes: Set<string> | undefined
  /** Entries of connection tracking that are still to be forgotten. */
  readonly #leaving = new Map<string, TrackedFlow>()
  #isTrackingChecked = false

  constructor(deps: KernelDeps) {
    this.#deps = deps
  }

  get isKnown(): boolean {
    return this.#shapes !== undefined
  }

  /**
   * Brings the kernel to the desired state, rules first, so that what is then forgotten by connection tracking is
   * translated by the new ones. Rejects with the kernel's error; the next call makes up for it.
   */
  async apply(desired: DesiredState): Promise<void> {
    const step = desired.takeStep()
    for (const flow of step.departed) this.#leaving.set(flowKey(flow), flow)
    if (this.#shapes === undefined) await this.#reload(desired)
    else await this.#change(step, this.#shapes)
    await this.#forget(desired)
  }

  async #reload(desired: DesiredState): Promise<void> {
    const elements = desired.elements()
    await this.#deps.nft.transaction(reloadOperations(familiesOf(this.#deps.ranges), elements))
    this.#shapes = new Set(shapesOf(elements).map(chainOf))
    this.#isTrackingChecked = false
    this.#deps.log.info({ elements: elements.length }, 'loaded the whole table')
  }

  async #change(change: Change, shapes: Set<string>): Promise<void> {
    if (change.removed.length === 0 && change.added.length === 0) return
    this.#shapes = undefined
    await this.#deps.nft.transaction(changeOperations(change, shapes))
    this.#shapes = shapes.union(new Set(shapesOf(change.added).map(chainOf)))
  }

  async #forget(desired: DesiredState): Promise<void> {
    const { conntrack, ranges } = this.#deps
    if (!this.#isTrackingChecked) {
      const found = await Promise.all(familiesOf(ranges).map(({ name }) => conntrack.list('udp', name)))
      for (const flow of staleFlows(found.flat(), desired.ports(), ranges)) this.#leaving.set(flowKey(flow), flow)
      this.#isTrackingChecked = true
    }
    if (this.#leaving.size === 0) return
    await conntrack.forget([...this.#leaving.values()])
    this.#leaving.clear()
  }
}
