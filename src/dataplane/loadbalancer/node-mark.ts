import { parseIPv4 } from '../../base/ip.ts'

/**
 * The mark of connections that are led to a node, as nftables lists it: the number of its IPv4 address, so that it
 * means the same before and after a restart. Undefined for what is no such address.
 */
export function markOf(address: string): string | undefined {
  const number = parseIPv4(address)
  return number === undefined ? undefined : hex(number)
}

export function hex(number: number): string {
  return `0x${number.toString(16).padStart(8, '0')}`
}
