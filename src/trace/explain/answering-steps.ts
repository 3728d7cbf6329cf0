import type { Sighting } from '../watch/sighting.ts'
import type { Directory } from './directory.ts'
import type { Step } from './walk.ts'

/** Who answers, seen from the node: what left by a device comes back by it. */
export function answeringSteps(last: Sighting | undefined, reply: Sighting, directory: Directory): readonly Step[] {
  if (last === undefined || last.end === 'dropped') return []
  const { address, port } = last.went.destination
  const place = last.end === 'delivered' ? last.place : (directory.owner(address) ?? address)
  const begin = last.wentAt ?? last.cameAt
  const isRefusal = reply.flags.includes('rst')
  const text = isRefusal ? `refuses: nobody listens on port ${port} (RST)` : `answers${reply.flags === '' ? '' : ` (${reply.flags.toUpperCase().replace(' ', '+')})`}`
  return [{ place, text, details: [], warnings: [], at: begin, took: reply.cameAt - begin }]
}
