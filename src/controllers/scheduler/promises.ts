import type { Pod } from '../../api/kinds/pod.ts'
import type { PodInfo } from './pod-info.ts'

/** Which pods have been promised which nodes (`status.nominatedNodeName`). */
export class Promises {
  readonly #byNode = new Map<string, Map<string, PodInfo>>()
  readonly #nodeOf = new Map<string, string>()

  podsOf(nodeName: string): readonly PodInfo[] {
    return [...(this.#byNode.get(nodeName)?.values() ?? [])]
  }

  nodeOf({ metadata }: Pod): string | undefined {
    return this.#nodeOf.get(metadata.uid)
  }

  /** False if it was so already. Undefined takes back what was promised. */
  set(pod: PodInfo, nodeName: string | undefined): boolean {
    const { uid } = pod.pod.metadata
    const before = this.#nodeOf.get(uid)
    if (before !== undefined) this.#remove(uid, before)
    if (nodeName === undefined) return before !== undefined
    this.#nodeOf.set(uid, nodeName)
    const pods = this.#byNode.get(nodeName) ?? new Map<string, PodInfo>()
    this.#byNode.set(nodeName, pods.set(uid, pod))
    return before !== nodeName
  }

  #remove(uid: string, nodeName: string): void {
    this.#nodeOf.delete(uid)
    const pods = this.#byNode.get(nodeName)
    pods?.delete(uid)
    if (pods?.size === 0) this.#byNode.delete(nodeName)
  }
}
