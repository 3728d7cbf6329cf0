/** IPv4 arithmetic on addresses in dotted form. Addresses are unsigned 32-bit numbers in between. */
export interface Cidr {
  /** Network address, host bits cleared. */
  readonly base: number
  readonly bits: number
}

/** All addresses from the first to the last, both included. */
export interface AddressRange {
  readonly first: number
  readonly last: number
}

/**
 * The number of an address, or undefined if it is not a dotted IPv4 address without leading zeros. Asked for every
 * endpoint of every Service, hence without regular expressions.
 */
export function parseIPv4(text: string): number | undefined {
  let [value, dots, octet, digits] = [0, 0, 0, 0]
  for (let index = 0; index < text.length; index += 1) {
    const digit = text.charCodeAt(index) - 48
    if (digit >= 0 && digit <= 9) {
      if (digits > 0 && octet === 0) return undefined
      octet = octet * 10 + digit
      digits += 1
      if (octet > 255) return undefined
    } else {
      if (text[index] !== '.' || digits === 0) return undefined
      value = value * 256 + octet
      dots += 1
      octet = 0
      digits = 0
    }
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : undefined
}

export function formatIPv4(value: number): string {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.')
}

/** Undefined unless it is `a.b.c.d/n` with no host bits set. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', bitsText = '', ...rest] = text.split('/')
  const base = parseIPv4(address)
  if (base === undefined || rest.length > 0 || !/^\d{1,2}$/.test(bitsText)) return undefined
  const bits = Number(bitsText)
  if (bits > 32 || base % 2 ** (32 - bits) !== 0) return undefined
  return { base, bits }
}

export function formatCidr({ base, bits }: Cidr): string {
  return `${formatIPv4(base)}/${bits}`
}

/** `203.0.113.10-203.0.113.254`, as nftables writes it. */
export function formatRange({ first, last }: AddressRange): string {
  return `${formatIPv4(first)}-${formatIPv4(last)}`
}

/** Of `203.0.113.10-203.0.113.254` or `203.0.113.0/28`; undefined unless it is one of them. */
export function parseRange(text: string): AddressRange | undefined {
  const cidr = parseCidr(text)
  if (cidr !== undefined) return { first: cidr.base, last: cidr.base + sizeOf(cidr) - 1 }
  const [first, last, ...rest] = text.split('-').map(parseIPv4)
  return first === undefined || last === undefined || rest.length > 0 || first > last ? undefined : { first, last }
}

/** How many addresses the range holds. */
export function sizeOf({ bits }: Cidr): number {
  return 2 ** (32 - bits)
}

/** The address at an offset from the start of the range. Throws `RangeError` outside of it. */
export function addressAt(cidr: Cidr, offset: number): string {
  if (offset < 0 || offset >= sizeOf(cidr)) throw new RangeError(`${formatCidr(cidr)} has no address ${offset}`)
  return formatIPv4(cidr.base + offset)
}

export function contains(cidr: Cidr, address: number): boolean {
  return address >= cidr.base && address < cidr.base + sizeOf(cidr)
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a)
}
