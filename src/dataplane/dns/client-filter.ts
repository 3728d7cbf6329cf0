import { BlockList, isIP, isIPv4 } from 'node:net'
import type { Node } from '../../api/kinds/node.ts'
import type { Cache } from '../../client/cache.ts'

/** Whether an address gets answers. */
export type ClientFilter = (address: string) => boolean

/** Decisions kept, because the same few clients ask again and again. */
const mostKept = 4_096

/**
 * Answers are for addresses of these ranges, `10.108.0.0/16` or `fd00::/64`, and of this machine's loopback. Throws
 * `RangeError` for what is no range.
 */
export function clientFilter(ranges: readonly string[]): ClientFilter {
  const allowed = new BlockList()
  for (const range of ['127.0.0.0/8', '::1/128', ...ranges]) addRange(allowed, range)
  const decisions = new Map<string, boolean>()
  return (address) => {
    const known = decisions.get(address)
    if (known !== undefined) return known
    const decision = allowed.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
    if (decisions.size >= mostKept) decisions.clear()
    decisions.set(address, decision)
    return decision
  }
}

/** The same, with the Nodes' addresses and the ranges of their pods, as they are at the time. `close` lets go of the cache. */
export function nodesFilter(ranges: readonly string[], nodes: Cache<Node>): { readonly admits: ClientFilter; close(): void } {
  let filter: ClientFilter | undefined
  const close = nodes.onChange(() => (filter = undefined))
  return {
    admits(address) {
      filter ??= clientFilter([...ranges, ...nodes.list().flatMap(rangesOf)])
      return filter(address)
    },
    close,
  }
}

/** Whole addresses and those of pods. What is no range is left out: whoever wrote it there gets no answers by it. */
function rangesOf({ spec, status }: Node): readonly string[] {
  const own = (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => hostRange(address))
  const pods = spec.podCIDRs ?? [spec.podCIDR ?? '']
  return [...own, ...pods].filter((range) => isRange(range))
}

/** The range of one address. */
export function hostRange(address: string): string {
  return `${address}/${isIPv4(address) ? 32 : 128}`
}

function isRange(range: string): boolean {
  const [address = '', bits = '', ...rest] = range.split('/')
  return isIP(address) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (isIPv4(address) ? 32 : 128) && rest.length === 0
}

function addRange(list: BlockList, range: string): void {
  if (!isRange(range)) throw new RangeError(`${JSON.stringify(range)} is not a range of addresses such as 10.108.0.0/16`)
  const [address = '', bits] = range.split('/')
  list.addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6')
}
