import type { ObjectKey } from '../../api/object.ts'
import type { Clock } from '../../base/clock.ts'

interface Replaced {
  readonly atMs: number
  readonly delayMs: number
}

const firstMs = 1_000
const maxMs = 15 * 60_000

/**
 * How soon a pod that failed is replaced on its node: the first at once, the next a second later, and so on, twice as
 * late each time, at most a quarter of an hour. A new template, or twice the longest delay without a failure, begins
 * anew. Otherwise a pod that its node refuses would be made again without end.
 */
export class FailedPodBackoff {
  readonly #clock: Clock
  readonly #sets = new Map<ObjectKey, { readonly template: string; readonly nodes: Map<string, Replaced> }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Milliseconds until a failed pod may be replaced; 0 for now. */
  waitMs(set: ObjectKey, template: string, nodeName: string): number {
    const last = this.#nodesOf(set, template).get(nodeName)
    return last === undefined ? 0 : Math.max(0, last.atMs + last.delayMs - this.#clock.monotonicMs())
  }

  /** Notes that one is replaced now. */
  replaced(set: ObjectKey, template: string, nodeName: string): void {
    const nodes = this.#nodesOf(set, template)
    const atMs = this.#clock.monotonicMs()
    const last = nodes.get(nodeName)
    const isRecent = last !== undefined && atMs - last.atMs <= 2 * maxMs
    nodes.set(nodeName, { atMs, delayMs: isRecent ? Math.min(maxMs, last.delayMs * 2) : firstMs })
  }

  forget(set: ObjectKey): void {
    this.#sets.delete(set)
  }

  #nodesOf(set: ObjectKey, template: string): Map<string, Replaced> {
    const known = this.#sets.get(set)
    if (known?.template === template) return known.nodes
    const nodes = new Map<string, Replaced>()
    this.#sets.set(set, { template, nodes })
    return nodes
  }
}
