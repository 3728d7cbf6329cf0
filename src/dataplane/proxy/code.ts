import type { Affinity } from './shape.ts'

/**
 * The number of 32 bits by which frontends name a chain and what it is to look for, so that one lookup says both. A
 * chain with affinity looks for the frontend itself.
 *
 *     0 · number of a pool, 17 bits · how many endpoints, 14 bits
 *     1 · scope, 1 bit · seconds, 17 bits · how many endpoints, 13 bits
 *
 * Frontends do not name the chain itself: for each `goto` that is added the kernel walks through all maps of verdicts,
 * so these must be small.
 */
const pickBits = { endpoints: 14 }
const stickyBits = { endpoints: 13, scope: 30, isSticky: 31 }

/** What frontends name whose connections are dropped. */
export const dropCode = classid(0)

export function pickCode(pool: number, endpoints: number): string {
  return classid(pool * 2 ** pickBits.endpoints + endpoints)
}

export function stickyCode(endpoints: number, { seconds, scope }: Affinity): string {
  const outside = scope === 'outside' ? 2 ** stickyBits.scope : 0
  return classid(2 ** stickyBits.isSticky + outside + seconds * 2 ** stickyBits.endpoints + endpoints)
}

/** Numbers of pools are below it, and above zero. */
export const maxPools = 2 ** 17

/** More endpoints of one service port than this are left out. */
export const maxEndpoints = { pick: 2 ** pickBits.endpoints - 1, sticky: 2 ** stickyBits.endpoints - 1 }

/** Takes the pool away from a code, so that the number of endpoints is left, by which the map of chains is asked. */
export const pickMask = classid(2 ** stickyBits.isSticky + maxEndpoints.pick)

/** The number of the pool in a code. */
export function poolIn(code: string): number {
  const [high = '', low = ''] = code.split(':')
  return Math.floor((Number.parseInt(high, 16) * 2 ** 16 + Number.parseInt(low, 16)) / 2 ** pickBits.endpoints)
}

/** As nft writes a packet's priority. It has a word for the highest, too, which no code is. */
export function classid(number: number): string {
  return number === 0 ? 'none' : `${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}`
}
