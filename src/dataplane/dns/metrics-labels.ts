import { rcode, recordType } from './record.ts'

/** Upper bounds, as CoreDNS's: seconds from 0.25 ms to 8 s, and octets. */
export const secondBounds = Array.from({ length: 16 }, (_, index) => 0.00025 * 2 ** index)
export const byteBounds = [0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16e3, 32e3, 48e3, 64e3]

const typeNames = namesByNumber({ ...recordType, MX: 15, DS: 43, RRSIG: 46, NSEC: 47, DNSKEY: 48, NSEC3: 50, HTTPS: 65 })
const rcodeNames = namesByNumber({
  NOERROR: rcode.noError,
  FORMERR: rcode.formatError,
  SERVFAIL: rcode.serverFailure,
  NXDOMAIN: rcode.nameError,
  NOTIMP: rcode.notImplemented,
  REFUSED: rcode.refused,
})

/** As CoreDNS's label `type` has it: everything uncommon is one. */
export function typeLabel(type: number): string {
  return typeNames.get(type) ?? 'other'
}

export function rcodeLabel(code: number): string {
  return rcodeNames.get(code) ?? String(code)
}

function namesByNumber(numbers: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(numbers).map(([name, number]) => [number, name]))
}
