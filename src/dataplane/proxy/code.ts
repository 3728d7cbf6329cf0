import { classid, numberIn, pickBits, stickyBits } from '../../kernel/frontend-code.ts'
import type { Affinity } from './shape.ts'

export { classid } from '../../kernel/frontend-code.ts'

// Frontends name chains by codes and not by themselves: for each `goto` that is added the kernel walks through all maps of
// verdicts, so these must be small.

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
  return Math.floor(numberIn(code) / 2 ** pickBits.endpoints)
}
