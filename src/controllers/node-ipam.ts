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

/** Gives each node its share of the pods' addresses, as `freeShare` chooses it; free again when the node is gone. */
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
      const share = freeShare(node.metadata.name, { range: podRange, bits: nodeBits, used: used() })
      if (share !== undefined) return assign(node, share, signal)
      const message = `Node ${node.metadata.name} status is now: CIDRNotAvailable`
      events.event(node, 'Normal', { reason: 'CIDRNotAvailable', message })
    },
  }
}

export interface SharedRange {
  readonly range: Cidr
  /** Prefix length of a share. */
  readonly bits: number
  /** What is taken of the range. */
  readonly used: readonly Cidr[]
}

/**
 * The share of a node: of node-N the N-th after the range's own base, so that node-1 has 10.108.1.0/24 whoever registers first.
 * Nodes of other names, and one whose share another has, get the last that overlaps none in use: the first are for nodes
 * to come. Undefined if there is none. Pure.
 */
export function freeShare(node: string, { range, bits, used }: SharedRange): Cidr | undefined {
  const step = sizeOf({ base: 0, bits })
  const last = sizeOf(range) / step - 1
  const shareAt = (number: number): Cidr => ({ base: range.base + number * step, bits })
  const isFree = (number: number) => !used.some((other) => overlaps(other, shareAt(number)))
  const own = Number(/^node-([1-9]\d{0,8})$/.exec(node)?.[1] ?? 0)
  if (own >= 1 && own <= last && isFree(own)) return shareAt(own)
  for (let number = last; number >= 1; number -= 1) if (isFree(number)) return shareAt(number)
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
