import type { Outcome } from '../client/controller.ts'

/** To be called again when the first of these times, in milliseconds, is over; those that are over already are not. */
export function comeAgain(waits: readonly (number | undefined)[]): Outcome | undefined {
  const ahead = waits.filter((ms): ms is number => ms !== undefined && ms > 0)
  return ahead.length === 0 ? undefined : { againInMs: Math.min(...ahead) }
}
