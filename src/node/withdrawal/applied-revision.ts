import { Nodes } from '../../api/kinds/node.ts'
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import { isStatus } from '../../api/errors.ts'
import type { KubeObject } from '../../api/object.ts'
import { Backoff } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { Cache } from '../../client/cache.ts'
import type { Client } from '../../client/client.ts'
import { revisionOf, withdrawnPods } from './offers.ts'

/**
 * On a Node, or the edge's Lease: its data plane follows every change of EndpointSlices up to this revision. Nobody
 * waits for one without it: it takes no part.
 */
const appliedRevision = 'portolan.dev/applied-revision'

/** Undefined for one that does not tell. */
export function appliedRevisionOf({ metadata }: KubeObject): bigint | undefined {
  const told = metadata.annotations?.[appliedRevision]
  return told === undefined ? undefined : revisionOf(told)
}

/** The annotation by which a revision is told. */
export function telling(revision: bigint): Record<string, string> {
  return { [appliedRevision]: `${revision}` }
}

/** Writes it on the Node. */
export function tellOnNode(client: Client, name: string): AppliedRevisionDeps['tell'] {
  return async (revision, signal) => {
    const body = { metadata: { annotations: telling(revision) } }
    await client.patch(Nodes, { name }, { type: 'merge', body }, { signal })
  }
}

export interface AppliedRevisionDeps {
  readonly slices: Cache<EndpointSlice>
  /** Lets others know; rejects with `NotFound` while there is nothing to write it on. */
  readonly tell: (revision: bigint, signal: AbortSignal) => Promise<void>
  /**
   * Calls back with the versions of the slices that the data plane follows from now on, of deleted ones that of their
   * deletion; ends with the process.
   */
  onApplied(listener: (slices: ReadonlyMap<string, string | undefined>) => void): void
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

const retry = { baseMs: 20, maxMs: 2_000 }
const nothing = -1n

/**
 * Tells what a data plane follows, whenever that takes an endpoint out of service: nobody waits for the
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
    if (withdrawnPods(previous, next).length === 0) return
    this.#awaited = revisionOf(next?.metadata.resourceVersion ?? this.#deps.slices.version)
  }

  #onApplied(versions: readonly (string | undefined)[]): void {
    for (const version of versions) if (revisionOf(version) > this.#applied) this.#applied = revisionOf(version)
    this.#work.resolve()
  }

  /** The first word says that this one takes part. */
  #isDue(): boolean {
    if (this.#told === nothing) return this.#applied > nothing
    return this.#applied >= this.#awaited && this.#awaited > this.#told
  }

  async #tell(): Promise<void> {
    const { tell, clock, log, signal } = this.#deps
    const revision = this.#applied
    try {
      await tell(revision, signal)
      this.#told = revision
      this.#backoff.reset()
    } catch (error) {
      // At its first start a node is not in the API yet.
      if (!signal.aborted && !isStatus(error, 'NotFound')) log.warn({ err: error }, 'applied revision not told; tries again')
      clock.after(this.#backoff.nextMs(), () => this.#work.resolve())
    }
  }
}
