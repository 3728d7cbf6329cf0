import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Node } from '../../api/kinds/node.ts'
import { keyOf, type ObjectKey } from '../../api/object.ts'
import type { Cache } from '../../client/cache.ts'
import { appliedRevisionOf } from './applied-revision.ts'
import { leavingPods, offeredPods, revisionOf, withdrawnPods } from './offers.ts'

export interface WithdrawalsDeps {
  readonly slices: Cache<EndpointSlice>
  readonly nodes: Cache<Node>
  /** Whose pods are followed. */
  readonly nodeName: string
}

/** Says who may still send new connections to a pod. */
export interface Withdrawal {
  /** What is waited for, e.g. `node node-2`; empty when nobody sends new connections to the pod any more. */
  waitsFor(uid: string): readonly string[]
  /** Calls back, until `forget`, whenever `waitsFor` may have changed. */
  follow(uid: string, onChange: () => void): void
  forget(uid: string): void
}

/**
 * Follows pods out of their Services: first the EndpointSlices must cease to offer them, then every ready node must say
 * that its data plane follows that change.
 */
export class Withdrawals implements Withdrawal {
  readonly #deps: WithdrawalsDeps
  /** Slices that offer a pod. */
  readonly #offers = new Map<string, Set<ObjectKey>>()
  /** The last revision that took a pod out of a slice. */
  readonly #withdrawnAt = new Map<string, bigint>()
  readonly #followers = new Map<string, () => void>()

  constructor(deps: WithdrawalsDeps) {
    this.#deps = deps
    deps.slices.onChange((previous, next) => this.#onSlice(this.#own(previous), this.#own(next)))
    deps.nodes.onChange(() => this.#tellAll())
  }

  waitsFor(uid: string): readonly string[] {
    const offers = this.#offers.get(uid)
    if (offers !== undefined) return [...offers].map((key) => `EndpointSlice ${key}`)
    const revision = this.#withdrawnAt.get(uid)
    if (revision === undefined) return []
    return this.#deps.nodes
      .list()
      .filter((node) => isReady(node) && (appliedRevisionOf(node) ?? revision) < revision)
      .map(({ metadata }) => `node ${metadata.name}`)
  }

  follow(uid: string, onChange: () => void): void {
    this.#followers.set(uid, onChange)
  }

  forget(uid: string): void {
    this.#followers.delete(uid)
    this.#withdrawnAt.delete(uid)
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

/** A node that has gone silent is not waited for: nothing is known of what it sends. */
function isReady({ status }: Node): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
}
