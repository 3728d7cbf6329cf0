/** Rules for IP addresses and ranges in objects, as k8s.io/apimachinery/pkg/util/validation/ip.go words them. */
import { isIPv4, isIPv6 } from 'node:net'
import { invalid, type FieldError } from '../field-error.ts'

export type IPFamily = 'IPv4' | 'IPv6'

const notAnAddress = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
const notARange = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

/** The family of an address in any notation that is taken; undefined if it is no address. */
export function familyOf(address: string): IPFamily | undefined {
  if (isIPv4(withoutLeadingZeros(address))) return 'IPv4'
  return isIPv6(address) && !address.includes('%') ? 'IPv6' : undefined
}

/** An address, in any notation of it: IPv6 need not be in canonical form. */
export function validateIP(address: string, path: string): FieldError[] {
  const family = familyOf(address)
  if (family === undefined) return [invalid(path, address, notAnAddress)]
  if (family === 'IPv4') return isIPv4(address) ? [] : [invalid(path, address, 'must not have leading 0s')]
  return isMapped(address) ? [invalid(path, address, 'must not be an IPv4-mapped IPv6 address')] : []
}

/** A range in network form: no bits set beyond the prefix length. */
export function validateCIDR(range: string, path: string): FieldError[] {
  const [address = '', length = '', ...rest] = range.split('/')
  const family = familyOf(address)
  const bits = family === 'IPv4' ? 32 : 128
  if (family === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length) || Number(length) > bits) {
    return [invalid(path, range, notARange)]
  }
  const zeros = length !== String(Number(length)) || (family === 'IPv4' && !isIPv4(address))
  if (zeros) return [invalid(path, range, 'must not have leading 0s in IP or prefix length')]
  if (family === 'IPv6' && isMapped(address)) {
    return [invalid(path, range, 'must not have an IPv4-mapped IPv6 address')]
  }
  const hostBits = toNumber(address, family) & ((1n << BigInt(bits - Number(length))) - 1n)
  return hostBits === 0n ? [] : [invalid(path, range, 'must not have bits set beyond the prefix length')]
}

/** An address that can be compared as text: there is one way only to write it. */
export function validateCanonicalIP(address: string, path: string): FieldError[] {
  const errors = validateIP(address, path)
  if (errors.length > 0) return errors
  return validateForm(address, canonicalIP(address), path)
}

/** A range in network form that can be compared as text. */
export function validateCanonicalCIDR(range: string, path: string): FieldError[] {
  const errors = validateCIDR(range, path)
  if (errors.length > 0) return errors
  return validateForm(range, canonicalCIDR(range), path)
}

function validateForm(value: string, canonical: string, path: string): FieldError[] {
  if (value === canonical) return []
  return [invalid(path, value, `must be in canonical form (${JSON.stringify(canonical)})`)]
}

/** What about an address its author should know; nothing about what is no address. */
export function ipWarnings(address: string, path: string): string[] {
  const canonical = canonicalIP(address)
  if (canonical === address) return []
  const [found, better] = [JSON.stringify(address), JSON.stringify(canonical)]
  if (isIPv6(address)) return [`${path}: IPv6 address ${found} should be in RFC 5952 canonical format (${better})`]
  const future = 'will be considered invalid in a future Kubernetes release'
  return [`${path}: non-standard IP address ${found} ${future}: use ${better}`]
}

/** The same for a valid range. */
export function cidrWarnings(range: string, path: string): string[] {
  const canonical = canonicalCIDR(range)
  if (canonical === range) return []
  const [found, better] = [JSON.stringify(range), JSON.stringify(canonical)]
  return [`${path}: IPv6 CIDR value ${found} should be in RFC 5952 canonical format (${better})`]
}

/** An address as RFC 5952 writes it, or as dotted numbers without leading zeros. */
function canonicalIP(address: string): string {
  return familyOf(address) === 'IPv6' ? compressed(address) : withoutLeadingZeros(address)
}

function canonicalCIDR(range: string): string {
  const [address = '', length = ''] = range.split('/')
  return `${canonicalIP(address)}/${length}`
}

/** Addresses that mean something else on every machine: no endpoint and no external address can have them. */
export function validateNonSpecialIP(address: string, path: string): FieldError[] {
  const family = familyOf(address)
  if (family === undefined) return [invalid(path, address, 'must be a valid IP address')]
  const value = toNumber(withoutLeadingZeros(address), family)
  return specialRanges(address)
    .filter((range) => range[family](value))
    .map(({ problem }) => invalid(path, address, problem))
}

interface SpecialRange {
  IPv4(value: bigint): boolean
  IPv6(value: bigint): boolean
  readonly problem: string
}

function specialRanges(address: string): readonly SpecialRange[] {
  return [
    {
      IPv4: (value) => value === 0n,
      IPv6: (value) => value === 0n,
      problem: `may not be unspecified (${address})`,
    },
    {
      IPv4: (value) => value >> 24n === 127n,
      IPv6: (value) => value === 1n,
      problem: 'may not be in the loopback range (127.0.0.0/8, ::1/128)',
    },
    {
      IPv4: (value) => value >> 16n === 0xa9fen,
      IPv6: (value) => value >> 118n === 0xfe80n >> 6n,
      problem: 'may not be in the link-local range (169.254.0.0/16, fe80::/10)',
    },
    {
      IPv4: (value) => value >> 8n === 0xe00000n,
      // Go's IsLinkLocalMulticast looks at the scope only, whatever the flags.
      IPv6: (value) => value >> 120n === 0xffn && ((value >> 112n) & 0xfn) === 2n,
      problem: 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
    },
  ]
}

function withoutLeadingZeros(address: string): string {
  return /^[\d.]+$/.test(address) ? address.replaceAll(/(?<=^|\.)0+(?=\d)/g, '') : address
}

function isMapped(address: string): boolean {
  return toNumber(address, 'IPv6') >> 32n === 0xffffn
}

function toNumber(address: string, family: IPFamily): bigint {
  const digits = family === 'IPv4' ? address.split('.').map(Number) : hexGroups(address)
  const bits = family === 'IPv4' ? 8n : 16n
  return digits.reduce((value, digit) => (value << bits) | BigInt(digit), 0n)
}

/** A valid IPv6 address as URLs are normalized: with `::` for the longest run of zeros, a dotted tail in groups. */
function compressed(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1)
}

/** The eight groups of a valid IPv6 address, `::` spelt out. */
function hexGroups(address: string): number[] {
  const [head = '', tail] = compressed(address).split('::')
  const left = groupsIn(head)
  if (tail === undefined) return left
  const right = groupsIn(tail)
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]
}

function groupsIn(part: string): number[] {
  return part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
}
