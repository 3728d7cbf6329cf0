/**
 * The number of 32 bits by which frontends name a chain and what it is to look for, so that one lookup says both. A
 * chain with affinity looks for the frontend itself.
 *
 *     0 · number of a pool, 17 bits · how many endpoints, 14 bits
 *     1 · scope, 1 bit · seconds, 17 bits · how many endpoints, 13 bits
 *
 * The service proxy writes it, and the doctor reads it.
 */
export const pickBits = { endpoints: 14 }
export const stickyBits = { endpoints: 13, scope: 30, isSticky: 31 }

export interface FrontendCode {
  readonly isSticky: boolean
  /** None: connections are dropped. */
  readonly endpoints: number
}

export function readFrontendCode(code: string): FrontendCode {
  const number = numberIn(code)
  const isSticky = number >= 2 ** stickyBits.isSticky
  return { isSticky, endpoints: number % 2 ** (isSticky ? stickyBits.endpoints : pickBits.endpoints) }
}

/** As nft writes a packet's priority. It has a word for the highest, too, which no code is. */
export function classid(number: number): string {
  return number === 0 ? 'none' : `${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}`
}

/** The inverse. */
export function numberIn(code: string): number {
  if (code === 'none') return 0
  const [high = '', low = ''] = code.split(':')
  return Number.parseInt(high, 16) * 2 ** 16 + Number.parseInt(low, 16)
}
