import { isStatus } from '../../api/errors.ts'
import { Leases } from '../../api/kinds/lease.ts'
import { objectKey } from '../../api/object.ts'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { rfc3339Micro } from '../../base/rfc3339.ts'
import type { Client } from '../../client/client.ts'
import { telling } from './applied-revision.ts'

/** What the edge may write as nodes may theirs, and what agents may read. */
export const edgeLease = { namespace: 'kube-node-lease', name: 'edge' } as const
export const edgeLeaseKey = objectKey(edgeLease.namespace, edgeLease.name)

const leaseDurationSeconds = 40
const renewEveryMs = 10_000

export interface EdgeLeaseDeps {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

/**
 * Where the edge, which is no node, says that it lives and what its data plane follows. When it lives no more nobody
 * waits for it.
 */
export class EdgeLease {
  readonly #deps: EdgeLeaseDeps
  #revision: bigint | undefined

  constructor(deps: EdgeLeaseDeps) {
    this.#deps = deps
  }

  /** Says what is followed from now on. */
  async tell(revision: bigint, signal: AbortSignal): Promise<void> {
    this.#revision = revision
    await this.#patch({ metadata: { annotations: telling(revision) }, spec: this.#spec() }, signal)
  }

  /** Renews it, once anything has been told, until the signal aborts. Never rejects. */
  async run(): Promise<void> {
    const { clock, log, signal } = this.#deps
    while (!signal.aborted) {
      try {
        await clock.sleep(renewEveryMs, signal)
        if (this.#revision !== undefined) await this.#patch({ spec: this.#spec() }, signal)
      } catch (err) {
        if (!signal.aborted) log.warn({ err }, 'the Lease of the edge was not renewed; tries again')
      }
    }
  }

  #spec() {
    return { holderIdentity: edgeLease.name, leaseDurationSeconds, renewTime: rfc3339Micro(this.#deps.clock.now()) }
  }

  /** A renewal leaves the revision alone: it may be on its way while a newer one is told. */
  async #patch(body: object, signal: AbortSignal): Promise<void> {
    const { client } = this.#deps
    try {
      await client.patch(Leases, edgeLease, { type: 'merge', body }, { signal })
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
      const annotations = this.#revision === undefined ? {} : telling(this.#revision)
      await client.create(Leases, { metadata: { ...edgeLease, annotations }, spec: this.#spec() }, { signal })
    }
  }
}
