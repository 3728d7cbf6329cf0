import { flowText, type Sighting } from '../watch/sighting.ts'

/** The way up to where the packet comes by a device that it has come by before, and what was seen of it from there. Pure. */
export function withoutCircles(sightings: readonly Sighting[]): { readonly way: readonly Sighting[]; readonly rest: readonly Sighting[] } {
  const seen = new Set<string>()
  const again = sightings.findIndex(({ place, direction, iif = '', came }) => {
    const key = `${place} ${direction} ${iif} ${flowText(came)}`
    const isKnown = seen.has(key)
    seen.add(key)
    return isKnown
  })
  return again === -1 ? { way: sightings, rest: [] } : { way: sightings.slice(0, again), rest: sightings.slice(again) }
}
