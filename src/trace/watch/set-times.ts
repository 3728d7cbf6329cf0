import { formatIPv4 } from '../../base/ip.ts'
import type { Flow } from './sighting.ts'

/** One element of a set with times. */
export interface TimedFlow extends Flow {
  /** Of the clock of the kernel, in nanoseconds since 1970. */
  readonly nanoseconds: bigint
}

/**
 * Reads what `nft --debug=netlink list set` prints of the elements of `ipv4_addr . inet_service . ipv4_addr .
 * inet_service . time`: words of 32 bits as the machine reads them, which is little-endian wherever Node.js runs on Linux
 * but s390x. In words nft would write times in whole seconds.
 */
export function timedFlows(text: string): readonly TimedFlow[] {
  const elements = text.matchAll(/^\s*element ([0-9a-f]{8}) ([0-9a-f]{8}) ([0-9a-f]{8}) ([0-9a-f]{8}) ([0-9a-f]{8}) ([0-9a-f]{8}) /gm)
  return [...elements].map(([, source = '', sourcePort = '', destination = '', destinationPort = '', low = '', high = '']) => ({
    source: { address: addressOf(source), port: portOf(sourcePort) },
    destination: { address: addressOf(destination), port: portOf(destinationPort) },
    nanoseconds: BigInt(`0x${high}${low}`),
  }))
}

function addressOf(word: string): string {
  return formatIPv4(swapped(word))
}

/** In the first two bytes of the word. */
function portOf(word: string): number {
  return swapped(word) >>> 16
}

function swapped(word: string): number {
  return Number.parseInt((word.match(/../g) ?? []).reverse().join(''), 16)
}
