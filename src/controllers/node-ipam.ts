import { Nodes, type Node } from '../api/kinds/node.ts'
import { keyOf, type ObjectKey } from '../api/object.ts'
import { formatCidr, overlaps, parseCidr, sizeOf, type Cidr } from '../base/ip.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import { from, type Controller, type Source } from '../client/controller.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import { guardedPatch } from './guarded-patch.ts'

export interface NodeIpamDeps {
  readonly client: Client
  readonly nodes: Cache<Node>
  readonly events: EventRecorder
  /** The range of all pods, e.g. `10.108.0.0/16`. */
  readonly podRange: Cidr
  /** Prefix length of one node's share of it. */
  readonly nodeBits?: number
}

/** Gives each node its share of the pods' addresses, the lowest that is free; free again when the node is gone. */
export function nodeIpamController({ client, nodes, events, podRange, nodeBits = 24 }: NodeIpamDeps): Controller {
  /** Shares given to nodes, by uid, until the cache shows them. */
  const given = new Map<string, Cidr>()

  function used(): readonly Cidr[] {
    const shown = nodes.list().flatMap(sharesOf)
    const live = new Map(nodes.list().map((node) => [node.metadata.uid, node]))
    for (const uid of given.keys()) {
      const node = live.get(uid)
      if (node === undefined || sharesOf(node).length > 0) given.delete(uid)
    }
    return [...shown, ...given.values()]
  }

  async function assign(node: Node, share: Cidr, signal: AbortSignal): Promise<void> {
    const { name, uid } = node.metadata
    const podCIDR = formatCidr(share)
    given.set(uid, share)
    try {
      const patch = guardedPatch(node, { spec: { podCIDR, podCIDRs: [podCIDR] } })
      await client.patch(Nodes, { name }, patch, { signal })
    } catch (error) {
      given.delete(uid)
      throw error
    }
  }

  return {
    name: 'node-ipam',
    wakesOn: [from(nodes, (node) => [keyOf(node)]), whenNodesLeave(nodes)],
    workers: 1,
    async reconcile(key, signal) {
      const node = nodes.get(key)
      if (node === undefined || sharesOf(node).length > 0 || given.has(node.metadata.uid)) return
      const share = lowestFree(podRange, nodeBits, used())
      if (share !== undefined) return assign(node, share, signal)
      const message = `Node ${node.metadata.name} status is now: CIDRNotAvailable`
      events.event(node, 'Normal', { reason: 'CIDRNotAvailable', message })
    },
  }
}

/**
 * The first part of the range that overlaps none of those in use; undefined if there is none. The part at the range's
 * own base address is left out, so that node-1 has 10.108.1.0/24. Pure.
 */
export function lowestFree(range: Cidr, bits: number, used: readonly Cidr[]): Cidr | undefined {
  const step = sizeOf({ base: 0, bits })
  for (let base = range.base + step; base < range.base + sizeOf(range); base += step) {
    const share = { base, bits }
    if (!used.some((other) => overlaps(other, share))) return share
  }
  return undefined
}

function sharesOf({ spec }: Node): readonly Cidr[] {
  const all = spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR])
  return all.flatMap((text) => parseCidr(text) ?? [])
}

/** Wakes the nodes without a share when one is freed. */
function whenNodesLeave(nodes: Cache<Node>): Source {
  return {
    synced: nodes.synced,
    subscribe: (wake: (key: ObjectKey) => void) =>
      nodes.onChange((_previous, next) => {
        if (next !== undefined) return
        for (const node of nodes.list()) if (sharesOf(node).length === 0) wake(keyOf(node))
      }),
  }
}
