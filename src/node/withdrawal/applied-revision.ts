import { Nodes, type Node } from '../../api/kinds/node.ts'
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import { isStatus } from '../../api/errors.ts'
import { Backoff } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { Cache } from '../../client/cache.ts'
import type { Client } from '../../client/client.ts'
import { revisionOf, withdrawnPods } from './offers.ts'

/**
 * On a Node: its data plane follows every change of EndpointSlices up to this revision. A node without it takes no
 * part, and nobody waits for it.
 */
const appliedRevision = 'portolan.dev/applied-revision'

/** Undefined for a node that does not tell. */
export function appliedRevisionOf({ metadata }: Node): bigint | undefined {
  const told = metadata.annotations?.[appliedRevision]
  return told === undefined ? undefined : revisionOf(told)
}

export interface AppliedRevisionDeps {
  readonly client: Client
  readonly slices: Cache<EndpointSlice>
  readonly nodeName: string
  /** Calls back with the versions of the slices that the data plane follows from now on; ends with the process. */
  onApplied(listener: (slices: ReadonlyMap<string, string | undefined>) => void): void
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

const retry = { baseMs: 20, maxMs: 2_000 }
const nothing = -1n

/**
 * Tells on the Node what its data plane follows, whenever that takes an endpoint out of service: nobody waits for the
 * other changes, so they cost no write. A cache shows changes in the order of their revisions, so having applied one
 * is having applied all before it.
 */
export class AppliedRevision {
  readonly #deps: AppliedRevisionDeps
  readonly #backoff = new Backoff(retry)
  /** Of the last withdrawal. */
  #awaited = nothing
  #applied = nothing
  #told = nothing
  #work = Promise.withResolvers<void>()

  constructor(deps: AppliedRevisionDeps) {
    this.#deps = deps
  }

  /** Until the signal aborts. Never rejects: what could not be told is told later. */
  async run(): Promise<void> {
    const { slices, onApplied, signal } = this.#deps
    const unsubscribe = slices.onChange((previous, next) => this.#onChange(previous, next))
    onApplied((versions) => this.#onApplied([...versions.values()]))
    signal.addEventListener('abort', () => this.#work.resolve(), { once: true })
    while (!signal.aborted) {
      await this.#work.promise
      this.#work = Promise.withResolvers()
      if (this.#isDue() && !signal.aborted) await this.#tell()
    }
    unsubscribe()
  }

  #onChange(previous: EndpointSlice | undefined, next: EndpointSlice | undefined): void {
    if (next === undefined || withdrawnPods(previous, next).length === 0) return
    this.#awaited = revisionOf(next.metadata.resourceVersion)
  }

  #onApplied(versions: readonly (string | undefined)[]): void {
    for (const version of versions) if (revisionOf(version) > this.#applied) this.#applied = revisionOf(version)
    this.#work.resolve()
  }

  /** The first word says that this node takes part. */
  #isDue(): boolean {
    if (this.#told === nothing) return this.#applied > nothing
    return this.#applied >= this.#awaited && this.#awaited > this.#told
  }

  async #tell(): Promise<void> {
    const { client, nodeName, clock, log, signal } = this.#deps
    const revision = this.#applied
    const body = { metadata: { annotations: { [appliedRevision]: `${revision}` } } }
    try {
      await client.patch(Nodes, { name: nodeName }, { type: 'merge', body }, { signal })
      this.#told = revision
      this.#backoff.reset()
    } catch (error) {
      // At its first start a node is not in the API yet.
      if (!signal.aborted && !isStatus(error, 'NotFound')) log.warn({ err: error }, 'applied revision not told; tries again')
      clock.after(this.#backoff.nextMs(), () => this.#work.resolve())
    }
  }
}
