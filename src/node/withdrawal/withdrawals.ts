import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Lease } from '../../api/kinds/lease.ts'
import type { Node } from '../../api/kinds/node.ts'
import { keyOf, type ObjectKey } from '../../api/object.ts'
import type { Clock } from '../../base/clock.ts'
import type { Cache } from '../../client/cache.ts'
import { appliedRevisionOf } from './applied-revision.ts'
import { edgeLeaseKey } from './edge-lease.ts'
import { leavingPods, offeredPods, revisionOf, withdrawnPods } from './offers.ts'

export interface WithdrawalsDeps {
  readonly slices: Cache<EndpointSlice>
  readonly nodes: Cache<Node>
  /** With that of the edge among them. */
  readonly leases: Cache<Lease>
  readonly clock: Clock
  /** Whose pods are followed. */
  readonly nodeName: string
}

/** Says who may still send new connections to a pod. */
export interface Withdrawal {
  /** What is waited for, e.g. `node node-2`; empty when nobody sends new connections to the pod any more. */
  waitsFor(uid: string): readonly string[]
  /** Whether a slice offers the pod, or did. */
  hasServed(uid: string): boolean
  /** Calls back, until `forget`, whenever `waitsFor` may have changed. */
  follow(uid: string, onChange: () => void): void
  forget(uid: string): void
}

/**
 * Follows pods out of their Services: first the EndpointSlices must cease to offer them, then every ready node, and the
 * edge, must say that its data plane follows that change.
 */
export class Withdrawals implements Withdrawal {
  readonly #deps: WithdrawalsDeps
  /** Slices that offer a pod. */
  readonly #offers = new Map<string, Set<ObjectKey>>()
  /** The last revision that took a pod out of a slice. */
  readonly #withdrawnAt = new Map<string, bigint>()
  readonly #followers = new Map<string, () => void>()
  /** When the edge was last heard of; its clock is not trusted. */
  #edgeSeenMs = 0

  constructor(deps: WithdrawalsDeps) {
    this.#deps = deps
    deps.slices.onChange((previous, next) => this.#onSlice(this.#own(previous), this.#own(next)))
    deps.nodes.onChange(() => this.#tellAll())
    deps.leases.onChange(() => {
      this.#edgeSeenMs = deps.clock.monotonicMs()
      this.#tellAll()
    })
  }

  waitsFor(uid: string): readonly string[] {
    const offers = this.#offers.get(uid)
    if (offers !== undefined) return [...offers].map((key) => `EndpointSlice ${key}`)
    const revision = this.#withdrawnAt.get(uid)
    if (revision === undefined) return []
    const nodes = this.#deps.nodes.list().filter((node) => isReady(node) && isBehind(node, revision))
    const edge = this.#liveEdge()
    const edges = edge !== undefined && isBehind(edge, revision) ? ['the edge'] : []
    return [...nodes.map(({ metadata }) => `node ${metadata.name}`), ...edges]
  }

  hasServed(uid: string): boolean {
    return this.#offers.has(uid) || this.#withdrawnAt.has(uid)
  }

  follow(uid: string, onChange: () => void): void {
    this.#followers.set(uid, onChange)
  }

  forget(uid: string): void {
    this.#followers.delete(uid)
    this.#withdrawnAt.delete(uid)
  }

  /** Its Lease, unless that has run out. */
  #liveEdge(): Lease | undefined {
    const { leases, clock } = this.#deps
    const lease = leases.get(edgeLeaseKey)
    const lastsMs = (lease?.spec?.leaseDurationSeconds ?? 0) * 1000
    return clock.monotonicMs() - this.#edgeSeenMs < lastsMs ? lease : undefined
  }

  #onSlice(previous: EndpointSlice | undefined, next: EndpointSlice | undefined): void {
    const slice = next ?? previous
    if (slice === undefined) return
    const key = keyOf(slice)
    for (const uid of offeredPods(next)) this.#offers.set(uid, (this.#offers.get(uid) ?? new Set()).add(key))
    for (const uid of withdrawnPods(previous, next)) this.#withdraw(uid, key, slice)
    // An agent that has just started does not know whether everybody follows a slice that it finds.
    if (previous === undefined) for (const uid of leavingPods(next)) this.#withdraw(uid, key, slice)
  }

  #own(slice: EndpointSlice | undefined): EndpointSlice | undefined {
    if (slice === undefined) return undefined
    return { ...slice, endpoints: slice.endpoints.filter(({ nodeName }) => nodeName === this.#deps.nodeName) }
  }

  #withdraw(uid: string, key: ObjectKey, slice: EndpointSlice): void {
    const offers = this.#offers.get(uid)
    offers?.delete(key)
    if (offers?.size === 0) this.#offers.delete(uid)
    const revision = revisionOf(slice.metadata.resourceVersion)
    const known = this.#withdrawnAt.get(uid) ?? 0n
    this.#withdrawnAt.set(uid, revision > known ? revision : known)
    this.#followers.get(uid)?.()
  }

  #tellAll(): void {
    for (const onChange of this.#followers.values()) onChange()
  }
}

function isBehind(teller: Node | Lease, revision: bigint): boolean {
  return (appliedRevisionOf(teller) ?? revision) < revision
}

/** A node that has gone silent is not waited for: nothing is known of what it sends. */
function isReady({ status }: Node): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
}
