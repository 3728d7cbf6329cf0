import type { Namespace } from '../../api/kinds/namespace.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Service } from '../../api/kinds/service.ts'
import type { Labels } from '../../api/selectors.ts'
import type { Cache } from '../../client/cache.ts'
import { ServicesBySelector } from '../../client/services-by-selector.ts'
import { isTerminating } from '../pod-status.ts'
import type { ClusterView } from './cluster-view.ts'
import { demandsOf } from './demands.ts'
import { nodeInfo, type NodeInfo } from './node-info.ts'
import { NodeLoad } from './node-load.ts'
import { podInfo, type PodInfo } from './pod-info.ts'
import { promisedNode, takesRoom } from './pod-stage.ts'
import { Promises } from './promises.ts'

export interface ClusterStateDeps {
  readonly namespaces: Cache<Namespace>
  readonly services: Cache<Service>
}

interface Place {
  readonly pod: Pod
  readonly nodeName: string
}

/**
 * The cluster as the scheduler has been told of it, and with its own choices, which count from the moment they are made. A
 * change costs the same for any number of nodes and pods.
 */
export class ClusterState implements ClusterView {
  readonly #nodes = new Map<string, NodeInfo>()
  /** Also of nodes that are not there, or not yet. */
  readonly #loads = new Map<string, NodeLoad>()
  readonly #places = new Map<string, Place>()
  readonly #promises = new Promises()
  readonly #namespaces: Cache<Namespace>
  readonly #services: Cache<Service>
  readonly #servicesBySelector: ServicesBySelector
  #version = 0

  constructor({ namespaces, services }: ClusterStateDeps) {
    this.#namespaces = namespaces
    this.#services = services
    this.#servicesBySelector = new ServicesBySelector(services)
  }

  /** Equal as long as nothing has changed that decides whether a pod fits somewhere. */
  get version(): number {
    return this.#version
  }

  get nodes(): ReadonlyMap<string, NodeInfo> {
    return this.#nodes
  }

  namespaceLabels(namespace: string): Labels {
    return this.#namespaces.get(namespace)?.metadata.labels ?? {}
  }

  serviceSelectors(pod: Pod): readonly Labels[] {
    return this.#servicesBySelector.selecting(pod).map((key) => this.#services.get(key)?.spec.selector ?? {})
  }

  promisedPods(nodeName: string): readonly PodInfo[] {
    return this.#promises.podsOf(nodeName)
  }

  promisedNode(pod: Pod): string | undefined {
    return this.#promises.nodeOf(pod)
  }

  /** Whether the pod has a node already, though the API may not show it yet. */
  isPlaced({ metadata }: Pod): boolean {
    return this.#places.has(metadata.uid)
  }

  followNode(previous: Node | undefined, next: Node | undefined): void {
    this.#version += 1
    if (next !== undefined) this.#nodes.set(next.metadata.name, nodeInfo(next, this.#loadOf(next.metadata.name)))
    else if (previous !== undefined) this.#nodes.delete(previous.metadata.name)
  }

  followNamespace(): void {
    this.#version += 1
  }

  followPod(previous: Pod | undefined, next: Pod | undefined): void {
    const pod = next ?? previous
    if (pod === undefined) return
    if (takesRoom(next)) this.place(next, next.spec.nodeName ?? '')
    else if (takesRoom(previous) || next === undefined) this.displace(pod)
    this.#followPromise(previous, next)
  }

  /** The pod is on the node, or will be. */
  place(pod: Pod, nodeName: string): void {
    const { uid } = pod.metadata
    const known = this.#places.get(uid)
    if (known === undefined || isElsewise(known, { pod, nodeName })) this.#version += 1
    if (known !== undefined && known.nodeName !== nodeName) this.#loadOf(known.nodeName).remove(uid)
    this.#places.set(uid, { pod, nodeName })
    this.#loadOf(nodeName).add(podInfo(pod))
  }

  displace({ metadata: { uid } }: Pod): void {
    const known = this.#places.get(uid)
    if (known === undefined) return
    this.#version += 1
    this.#places.delete(uid)
    this.#loadOf(known.nodeName).remove(uid)
  }

  /** The pod is to get the node once others have left it; undefined takes the promise back. */
  promise(pod: Pod, nodeName: string | undefined): void {
    if (this.#promises.set(podInfo(pod), nodeName)) this.#version += 1
  }

  /** A promise that the API does not show yet holds until it shows another, or none any more. */
  #followPromise(previous: Pod | undefined, next: Pod | undefined): void {
    const pod = next ?? previous
    if (pod === undefined) return
    const isOver = next === undefined || this.isPlaced(next)
    const nodeName = isOver ? undefined : promisedNode(next)
    if (isOver || nodeName !== undefined || promisedNode(previous) !== undefined) this.promise(pod, nodeName)
  }

  #loadOf(nodeName: string): NodeLoad {
    const known = this.#loads.get(nodeName)
    if (known !== undefined) return known
    const load = new NodeLoad()
    this.#loads.set(nodeName, load)
    return load
  }
}

function isElsewise(a: Place, b: Place): boolean {
  if (a.nodeName !== b.nodeName || isTerminating(a.pod) !== isTerminating(b.pod)) return true
  return demandsOf(a.pod) !== demandsOf(b.pod)
}
