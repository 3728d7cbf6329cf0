import { isIPv4, isIPv6 } from 'node:net'
import { parseIPv4 } from '../../base/ip.ts'

/** One text for an address however it is written: IPv4 as it is, IPv6 as 32 hexadecimal digits. */
export function addressKey(address: string): string {
  return isIPv4(address) ? address : Buffer.from(ipv6Bytes(address)).toString('hex')
}

/**
 * The key of the address that a name below `in-addr.arpa` or `ip6.arpa` stands for; undefined for other names and for
 * those that are no whole address.
 */
export function reverseKey(labels: readonly string[]): string | undefined {
  if (labels.at(-1) !== 'arpa') return undefined
  const path = labels.slice(0, -2).reverse()
  switch (labels.at(-2)) {
    case 'in-addr': {
      const address = path.join('.')
      return path.length === 4 && isIPv4(address) ? address : undefined
    }
    case 'ip6':
      return path.length === 32 && path.every((nibble) => /^[0-9a-f]$/.test(nibble)) ? path.join('') : undefined
    default:
      return undefined
  }
}

/** `10-108-1-7`: how an endpoint without a host name is called. No label ends with a hyphen, hence the 0. */
export function dashed(address: string): string {
  if (isIPv4(address)) return address.replaceAll('.', '-')
  const label = address.replaceAll(':', '-')
  return label.endsWith('-') ? `${label}0` : label
}

/** The address that is written as such a label; undefined if there is none. */
export function undashed(label: string): string | undefined {
  const address = /^\d+-\d+-\d+-\d+$/.test(label) ? label.replaceAll('-', '.') : label.replaceAll('-', ':')
  return isIPv4(address) || isIPv6(address) ? address : undefined
}

/** The 16 octets of an address that `isIPv6` accepts, without a zone. */
export function ipv6Bytes(address: string): Uint8Array {
  const [head = '', tail] = address.split('::')
  const [left, right] = [groups(head), groups(tail ?? '')]
  const missing = tail === undefined ? 0 : 8 - left.length - right.length
  const bytes = Buffer.alloc(16)
  for (const [index, group] of [...left, ...Array<number>(missing).fill(0), ...right].entries()) {
    bytes.writeUInt16BE(group, index * 2)
  }
  return bytes
}

function groups(text: string): readonly number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => (group.includes('.') ? halves(group) : [Number.parseInt(group, 16)]))
}

function halves(address: string): readonly number[] {
  const value = parseIPv4(address) ?? 0
  return [value >>> 16, value & 0xffff]
}
