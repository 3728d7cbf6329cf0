import { contains, formatIPv4, parseCidr, parseIPv4 } from '../../base/ip.ts'
import type { TrackedFamily } from '../../kernel/conntrack.ts'

/** What differs between the address families in everything that compiles rules. */
export interface AddressFamily {
  readonly name: TrackedFamily
  /** `addressType` of EndpointSlices. */
  readonly addressType: string
  /** Of the header expressions of nft: `ip daddr`. */
  readonly header: 'ip' | 'ip6'
  /** nft's data type of an address. */
  readonly type: 'ipv4_addr' | 'ipv6_addr'
  /** Ends the names of sets and chains, because a set of nft holds addresses of one family. */
  readonly suffix: '' | '6'
  /**
   * The node's own address for itself, at which its node ports are answered too, and the range that it is in. Not there
   * for IPv6: the kernel leads nothing from its loopback address to another host.
   */
  readonly loopback?: { readonly address: string; readonly range: string }
  /** Whether the text is an address of this family, in the one form in which the kernel lists it. */
  isAddress(text: string): boolean
  /** Whether an address is in a range (`a.b.c.d/n`). */
  contains(cidr: string, address: string): boolean
  /** A range as the kernel lists it: host bits cleared, one address without its `/n`. Undefined if it is of no or another family. */
  range(cidr: string): string | undefined
}

/**
 * An IPv6 sibling needs a narrower affinity key: nft 1.0.6 aborts on `update` with a key of two IPv6 addresses, or
 * with anything behind one. All else of the rules loads with IPv6 as it is.
 */
export const ipv4: AddressFamily = {
  name: 'ipv4',
  addressType: 'IPv4',
  header: 'ip',
  type: 'ipv4_addr',
  suffix: '',
  loopback: { address: '127.0.0.1', range: '127.0.0.0/8' },
  isAddress: (text) => parseIPv4(text) !== undefined,
  contains(cidr, address) {
    const range = parseCidr(cidr)
    const number = parseIPv4(address)
    return range !== undefined && number !== undefined && contains(range, number)
  },
  range(cidr) {
    const [text = '', bits = '32', ...rest] = cidr.split('/')
    const address = parseIPv4(text)
    if (address === undefined || rest.length > 0 || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return undefined
    const size = 2 ** (32 - Number(bits))
    const base = formatIPv4(address - (address % size))
    return size === 1 ? base : `${base}/${Number(bits)}`
  },
}

/** The addresses of a cluster in one family; one for each family. */
export interface ClusterRange {
  readonly family: AddressFamily
  /** Where cluster IPs are taken from. They may hold other addresses, such as pods', so they decide nothing alone. */
  readonly services: readonly string[]
  /** All pods of all nodes. Unless it is given, clients of cluster IPs keep their addresses, wherever they come from. */
  readonly pods?: string
}

export function familiesOf(ranges: readonly ClusterRange[]): readonly AddressFamily[] {
  return ranges.map(({ family }) => family)
}
