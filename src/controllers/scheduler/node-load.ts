import { hasPodAffinity } from './pod-affinity.ts'
import type { PodInfo } from './pod-info.ts'
import type { Resources } from './resources.ts'

/** The pods of one node and what they take of it together. Adding and removing costs the same for any number. */
export class NodeLoad {
  readonly #pods = new Map<string, PodInfo>()
  readonly #requested = new Map<string, number>()
  readonly #likelyUse = new Map<string, number>()
  readonly #withHostPorts = new Map<string, PodInfo>()
  readonly #withAffinity = new Map<string, PodInfo>()

  constructor(pods: Iterable<PodInfo> = []) {
    for (const pod of pods) this.add(pod)
  }

  get count(): number {
    return this.#pods.size
  }

  get requested(): Resources {
    return this.#requested
  }

  get likelyUse(): Resources {
    return this.#likelyUse
  }

  pods(): Iterable<PodInfo> {
    return this.#pods.values()
  }

  podsWithHostPorts(): Iterable<PodInfo> {
    return this.#withHostPorts.values()
  }

  /** Those with affinity to or from other pods. */
  podsWithAffinity(): Iterable<PodInfo> {
    return this.#withAffinity.values()
  }

  /** In the place of an earlier version of the same pod, if that is here. */
  add(pod: PodInfo): void {
    const { uid } = pod.pod.metadata
    this.remove(uid)
    this.#pods.set(uid, pod)
    change(this.#requested, pod.requests, 1)
    change(this.#likelyUse, pod.likelyUse, 1)
    if (pod.hostPorts.length > 0) this.#withHostPorts.set(uid, pod)
    if (hasPodAffinity(pod.affinity)) this.#withAffinity.set(uid, pod)
  }

  remove(uid: string): void {
    const pod = this.#pods.get(uid)
    if (pod === undefined) return
    this.#pods.delete(uid)
    change(this.#requested, pod.requests, -1)
    change(this.#likelyUse, pod.likelyUse, -1)
    this.#withHostPorts.delete(uid)
    this.#withAffinity.delete(uid)
  }

  /** A copy with other pods. */
  with(pods: Iterable<PodInfo>): NodeLoad {
    const copy = new NodeLoad(this.#pods.values())
    for (const pod of pods) copy.add(pod)
    return copy
  }

  without(pods: readonly PodInfo[]): NodeLoad {
    const uids = new Set(pods.map(({ pod }) => pod.metadata.uid))
    return new NodeLoad([...this.#pods.values()].filter(({ pod }) => !uids.has(pod.metadata.uid)))
  }
}

function change(total: Map<string, number>, amounts: Resources, sign: 1 | -1): void {
  for (const [name, amount] of amounts) total.set(name, (total.get(name) ?? 0) + sign * amount)
}
