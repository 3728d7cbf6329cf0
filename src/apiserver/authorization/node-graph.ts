import { isMirrorPod } from '../../api/kinds/mirror-pod.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import { podReferences } from './pod-references.ts'

export type NodeObjectKind = 'pods' | 'secrets' | 'configmaps' | 'serviceaccounts'

/** Which objects concern which nodes: a pod its own node, and what the pod refers to as well. */
export class NodeGraph {
  /** By object, then by node: how many of the node's pods lead to it. */
  readonly #nodes = new Map<string, Map<string, number>>()

  /** Whether a pod that is bound to the node is, or refers to, the object. */
  leadsTo(node: string, kind: NodeObjectKind, namespace: string, name: string): boolean {
    return this.#nodes.get(objectId(kind, namespace, name))?.has(node) === true
  }

  /** Takes in a stored change: `previous` is undefined for a new pod, `next` for one that is gone. */
  observe(previous: Pod | undefined, next: Pod | undefined): void {
    if (previous !== undefined) this.#count(previous, -1)
    if (next !== undefined) this.#count(next, 1)
  }

  #count(pod: Pod, step: 1 | -1): void {
    const node = pod.spec.nodeName ?? ''
    if (node === '') return
    for (const id of objectIds(pod)) {
      const nodes = this.#nodes.get(id) ?? new Map<string, number>()
      const count = (nodes.get(node) ?? 0) + step
      if (count > 0) nodes.set(node, count)
      else nodes.delete(node)
      if (nodes.size > 0) this.#nodes.set(id, nodes)
      else this.#nodes.delete(id)
    }
  }
}

function objectIds(pod: Pod): string[] {
  const { namespace = '', name } = pod.metadata
  const own = objectId('pods', namespace, name)
  if (isMirrorPod(pod)) return [own]
  const { secrets, configMaps, serviceAccounts } = podReferences(pod)
  return [
    own,
    ...[...secrets].map((secret) => objectId('secrets', namespace, secret)),
    ...[...configMaps].map((configMap) => objectId('configmaps', namespace, configMap)),
    ...[...serviceAccounts].map((account) => objectId('serviceaccounts', namespace, account)),
  ]
}

function objectId(kind: NodeObjectKind, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`
}
