import type { Namespaces } from '../kernel/namespaces.ts'
import type { AddressPlan } from './address-plan.ts'
import {
  edgeNetwork,
  namespaceNames,
  nodeName,
  nodeNetwork,
  outsideNetwork,
  type NamespaceNames,
} from './network-description.ts'

export { namespaceNames, nodeName, type NamespaceNames } from './network-description.ts'

/**
 * The network of one cluster: the namespaces of edge, outside and nodes with the links between them. Nodes are
 * numbered from 1; node-1 is number 1. Every call is idempotent and repairs what an interrupted one left half done.
 * Calls must not overlap.
 */
export interface ClusterNetwork {
  readonly names: NamespaceNames
  /** Brings about exactly these nodes; others of this cluster are removed. */
  up(plan: AddressPlan, nodes: readonly number[]): Promise<void>
  /** The cluster must be up. */
  addNode(plan: AddressPlan, node: number): Promise<void>
  removeNode(node: number): Promise<void>
  /** Removes every namespace of the cluster, also those that an earlier process made: they are found by name. */
  down(): Promise<void>
}

export function clusterNetwork(cluster: string, namespaces: Namespaces): ClusterNetwork {
  const names = namespaceNames(cluster)
  const prefix = `portolan-${cluster}-`

  async function ownNames(): Promise<readonly string[]> {
    const all = await namespaces.list()
    // The whole rest is matched, because another cluster's name may begin with this one's.
    return all.filter((name) => name.startsWith(prefix) && /^(edge|outside|node-\d+)$/.test(name.slice(prefix.length)))
  }

  /** Cuts the pairs whose other end was in a namespace that is gone; the kernel may not have ended it yet. */
  async function cutLoosePairs(existing: readonly string[], nodes: readonly number[]): Promise<void> {
    if (!existing.includes(names.edge)) return
    const toNodes = nodes.map((node) => ({ namespace: names.node(node), device: nodeName(node) }))
    for (const { namespace, device } of [...toNodes, { namespace: names.outside, device: 'outside' }]) {
      if (!existing.includes(namespace)) await namespaces.deleteDevice(names.edge, device)
    }
  }

  /** Cuts a node's pair at once, rather than when the last process in its namespace has ended. */
  async function remove(node: string, existing: readonly string[]): Promise<void> {
    if (existing.includes(names.edge)) await namespaces.deleteDevice(names.edge, node.slice(prefix.length))
    await namespaces.delete(node)
  }

  return {
    names,
    async up(plan, nodes) {
      const existing = await ownNames()
      const wanted = [names.edge, names.outside, ...nodes.map(names.node)]
      for (const name of existing) if (!wanted.includes(name)) await remove(name, existing)
      await Promise.all(wanted.map((name) => namespaces.create(name)))
      await cutLoosePairs(existing, nodes)
      await namespaces.apply(names.edge, edgeNetwork(names, plan, nodes))
      await Promise.all([
        namespaces.apply(names.outside, outsideNetwork(plan)),
        ...nodes.map((node) => namespaces.apply(names.node(node), nodeNetwork(plan, node))),
      ])
    },
    async addNode(plan, node) {
      const existing = await ownNames()
      await namespaces.create(names.node(node))
      await cutLoosePairs(existing, [node])
      await namespaces.apply(names.edge, edgeNetwork(names, plan, [node]))
      await namespaces.apply(names.node(node), nodeNetwork(plan, node))
    },
    async removeNode(node) {
      await remove(names.node(node), await ownNames())
    },
    async down() {
      await Promise.all((await ownNames()).map((name) => namespaces.delete(name)))
    },
  }
}

/** Name of a node's pod network, unique on the machine: the CNI plugins keep what they know under it. */
export function podNetworkName(cluster: string, node: number): string {
  return `portolan-${cluster}-${nodeName(node)}`
}
