import { BlockList, isIPv4 } from 'node:net'

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

function addRange(list: BlockList, range: string): void {
  const [address = '', bits = '', ...rest] = range.split('/')
  const family = isIPv4(address) ? 'ipv4' : 'ipv6'
  try {
    if (rest.length > 0 || !/^\d{1,3}$/.test(bits)) throw new RangeError('no prefix length')
    list.addSubnet(address, Number(bits), family)
  } catch (cause) {
    throw new RangeError(`${JSON.stringify(range)} is not a range of addresses such as 10.108.0.0/16`, { cause })
  }
}
