import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Lease } from '../../api/kinds/lease.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Service } from '../../api/kinds/service.ts'
import { keyOf, type ObjectKey } from '../../api/object.ts'
import type { Clock } from '../../base/clock.ts'
import type { Cache } from '../../client/cache.ts'
import { ServicesBySelector } from '../../client/services-by-selector.ts'
import { SlicesByService } from '../../client/slices-by-service.ts'
import { appliedRevisionOf } from './applied-revision.ts'
import { edgeLeaseKey } from './edge-lease.ts'
import { leavingPods, mayBeOffered, offeredPods, revisionOf, withdrawnPods } from './offers.ts'

export interface WithdrawalsDeps {
  readonly services: Cache<Service>
  readonly slices: Cache<EndpointSlice>
  readonly nodes: Cache<Node>
  /** With that of the edge among them. */
  readonly leases: Cache<Lease>
  /** Those of the node, which are followed. */
  readonly pods: Cache<Pod>
  readonly clock: Clock
  readonly nodeName: string
}

/** Says who may still send new connections to a pod. */
export interface Withdrawal {
  /**
   * What is waited for until a pod that was deleted is sent nothing new, e.g. `node node-2`; empty when nobody sends new
   * connections to it any more.
   */
  waitsFor(pod: Pod): readonly string[]
  /** Whether a slice offers the pod, or did, as long as the pod is in the API. */
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
  readonly #services: ServicesBySelector
  readonly #slices = new SlicesByService()
  /** By uid. */
  readonly #pods = new Set<string>()
  /** Slices that offer a pod. */
  readonly #offers = new Map<string, Set<ObjectKey>>()
  /** Slices that show a pod on its way out. */
  readonly #leaving = new Map<string, Set<ObjectKey>>()
  /** The last revision that took a pod out of a slice. Of pods that are no more nobody asks. */
  readonly #withdrawnAt = new Map<string, bigint>()
  readonly #followers = new Map<string, () => void>()
  /** When the edge was last heard of; its clock is not trusted. */
  #edgeSeenMs = 0

  constructor(deps: WithdrawalsDeps) {
    this.#deps = deps
    this.#services = new ServicesBySelector(deps.services)
    deps.services.onChange(() => this.#tellAll())
    deps.pods.onChange((previous, next) => this.#onPod(previous?.metadata.uid, next?.metadata.uid))
    void this.#followSlices()
    deps.nodes.onChange(() => this.#tellAll())
    deps.leases.onChange(() => {
      this.#edgeSeenMs = deps.clock.monotonicMs()
      this.#tellAll()
    })
  }

  waitsFor(pod: Pod): readonly string[] {
    const { uid } = pod.metadata
    const offers = [...(this.#offers.get(uid) ?? [])].map((key) => `EndpointSlice ${key}`)
    const unaware = this.#unawareOf(pod).map((key) => `Service ${key}`)
    if (offers.length > 0 || unaware.length > 0) return [...offers, ...unaware]
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
  }

  /**
   * Services whose slices do not show yet that the pod leaves, so that they may still begin to offer it: it became ready
   * just before. One without slices for the pod's addresses will not.
   */
  #unawareOf(pod: Pod): readonly ObjectKey[] {
    const { services } = this.#deps
    const { uid } = pod.metadata
    return this.#services.selecting(pod).filter((key) => {
      if (!mayBeOffered(pod, services.get(key))) return false
      const ofService = this.#slices.of(key).filter((slice) => isForAddressesOf(pod, slice))
      return ofService.length > 0 && !ofService.some((slice) => this.#leaving.get(uid)?.has(keyOf(slice)) === true)
    })
  }

  /** Its Lease, unless that has run out. */
  #liveEdge(): Lease | undefined {
    const { leases, clock } = this.#deps
    const lease = leases.get(edgeLeaseKey)
    const lastsMs = (lease?.spec?.leaseDurationSeconds ?? 0) * 1000
    return clock.monotonicMs() - this.#edgeSeenMs < lastsMs ? lease : undefined
  }

  /** Which of the pods in slices are still there is not known before these are. */
  async #followSlices(): Promise<void> {
    const { pods, slices } = this.#deps
    await pods.synced
    slices.onChange((previous, next) => this.#onSlice(this.#own(previous), this.#own(next)))
  }

  #onSlice(previous: EndpointSlice | undefined, next: EndpointSlice | undefined): void {
    const slice = next ?? previous
    if (slice === undefined) return
    const key = keyOf(slice)
    this.#slices.change(previous, next)
    for (const uid of leavingPods(previous)) removeFrom(this.#leaving, uid, key)
    for (const uid of leavingPods(next)) addTo(this.#leaving, uid, key)
    for (const uid of offeredPods(next)) addTo(this.#offers, uid, key)
    // Of one that was deleted the cache knows when.
    const revision = revisionOf(next?.metadata.resourceVersion ?? this.#deps.slices.version)
    for (const uid of withdrawnPods(previous, next)) this.#withdraw(uid, key, revision)
    // An agent that has just started does not know whether everybody follows a slice that it finds.
    if (previous === undefined) for (const uid of leavingPods(next)) this.#withdraw(uid, key, revision)
    for (const uid of leavingPods(next)) this.#followers.get(uid)?.()
  }

  #onPod(previous: string | undefined, next: string | undefined): void {
    if (previous !== undefined && previous !== next) {
      this.#pods.delete(previous)
      this.#withdrawnAt.delete(previous)
    }
    if (next !== undefined) this.#pods.add(next)
  }

  #own(slice: EndpointSlice | undefined): EndpointSlice | undefined {
    if (slice === undefined) return undefined
    return { ...slice, endpoints: slice.endpoints.filter(({ nodeName }) => nodeName === this.#deps.nodeName) }
  }

  #withdraw(uid: string, key: ObjectKey, revision: bigint): void {
    removeFrom(this.#offers, uid, key)
    if (!this.#pods.has(uid)) return
    const known = this.#withdrawnAt.get(uid) ?? 0n
    this.#withdrawnAt.set(uid, revision > known ? revision : known)
    this.#followers.get(uid)?.()
  }

  #tellAll(): void {
    for (const onChange of this.#followers.values()) onChange()
  }
}

function addTo(slices: Map<string, Set<ObjectKey>>, uid: string, key: ObjectKey): void {
  slices.set(uid, (slices.get(uid) ?? new Set()).add(key))
}

function removeFrom(slices: Map<string, Set<ObjectKey>>, uid: string, key: ObjectKey): void {
  const ofPod = slices.get(uid)
  ofPod?.delete(key)
  if (ofPod?.size === 0) slices.delete(uid)
}

function isForAddressesOf({ status }: Pod, { addressType }: EndpointSlice): boolean {
  const addresses = status?.podIPs?.map(({ ip }) => ip) ?? [status?.podIP ?? '']
  return addresses.some((address) => address.includes(':') === (addressType === 'IPv6'))
}

function isBehind(teller: Node | Lease, revision: bigint): boolean {
  return (appliedRevisionOf(teller) ?? revision) < revision
}

/** A node that has gone silent is not waited for: nothing is known of what it sends. */
function isReady({ status }: Node): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
}
