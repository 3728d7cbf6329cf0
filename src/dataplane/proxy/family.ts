import { contains, parseCidr, parseIPv4 } from '../../base/ip.ts'
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
  /** Whether the text is an address of this family, in the one form in which the kernel lists it. */
  isAddress(text: string): boolean
  /** Whether an address is in a range (`a.b.c.d/n`). */
  contains(cidr: string, address: string): boolean
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
  isAddress: (text) => parseIPv4(text) !== undefined,
  contains(cidr, address) {
    const range = parseCidr(cidr)
    const number = parseIPv4(address)
    return range !== undefined && number !== undefined && contains(range, number)
  },
}

/** Where cluster IPs are taken from. It may hold other addresses, such as pods', so it decides nothing alone. */
export interface ServiceRange {
  readonly family: AddressFamily
  readonly cidr: string
}

/** The families of the ranges, each once. */
export function familiesOf(ranges: readonly ServiceRange[]): readonly AddressFamily[] {
  return [...new Set(ranges.map(({ family }) => family))]
}
