import type { Address } from './endpoints.ts'

/** The servers of one backend, by their number less one; undefined for one that waits for an address. */
export type Slots = readonly (Address | undefined)[]

const leastSlots = 4

/** As many as HAProxy is given for so many endpoints: doubled when they do not suffice, as that takes a reload. */
export function slotCount(endpoints: number): number {
  return Math.max(leastSlots, 2 ** Math.ceil(Math.log2(Math.max(endpoints, 1))))
}

/**
 * The wanted addresses in slots, each that has one already in its own, others in those that were free before: what comes
 * can be there before what goes is gone. Undefined if there are too few.
 */
export function assign(slots: Slots, wanted: readonly Address[]): Slots | undefined {
  const want = new Set(wanted)
  const next = slots.map((address) => (address !== undefined && want.delete(address) ? address : undefined))
  const free = [...next.keys()].filter((index) => next[index] === undefined)
  const inOrder = [...free.filter((index) => slots[index] === undefined), ...free.filter((index) => slots[index] !== undefined)]
  for (const address of want) {
    const index = inOrder.shift()
    if (index === undefined) return undefined
    next[index] = address
  }
  return next
}

/** The same for as many as there are slots for; of the wanted addresses, those that have a slot come first. */
export function assignSome(slots: Slots, wanted: readonly Address[]): Slots {
  const [kept, others] = [true, false].map((isKept) => wanted.filter((address) => slots.includes(address) === isKept))
  return assign(slots, [...(kept ?? []), ...(others ?? [])].slice(0, slots.length)) ?? slots
}

export function emptySlots(count: number): Slots {
  return Array.from({ length: count }, () => undefined)
}
