import { revisionOf } from '../node/withdrawal/offers.ts'

type Versions = ReadonlyMap<string, string | undefined>

/** Calls back with the versions of EndpointSlices that a data plane follows from now on. */
export type OnApplied = (listener: (slices: Versions) => void) => void

/**
 * What all of several data planes follow: of their last revisions the lowest. Each is told of all changes in the order
 * of their revisions.
 */
export function appliedByAll(planes: readonly OnApplied[]): OnApplied {
  return (listener) => {
    const last = planes.map(() => 0n)
    let told = 0n
    for (const [index, onApplied] of planes.entries()) {
      onApplied((slices) => {
        const revisions = [...slices.values()].map(revisionOf)
        last[index] = revisions.reduce((most, revision) => (revision > most ? revision : most), last[index] ?? 0n)
        const lowest = last.reduce((least, revision) => (revision < least ? revision : least))
        if (lowest === told) return
        told = lowest
        listener(new Map([['all', String(lowest)]]))
      })
    }
  }
}
