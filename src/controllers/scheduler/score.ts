import type { Pod } from '../../api/kinds/pod.ts'
import { controllerOf } from '../../api/object.ts'
import { isTolerated } from '../tolerations.ts'
import type { NodeInfo } from './node-info.ts'
import { requestsOf, type Resources } from './resources.ts'

/** What a pod that requests nothing is taken to need, so that such pods spread too (upstream's `schedutil`). */
const assumed: Resources = new Map([
  ['cpu', 100],
  ['memory', 200 * 1024 * 1024],
])

/**
 * The node to take of those that are feasible: one that does not prefer otherwise, then the least loaded, then the one
 * with the fewest pods of the same owner, then with the fewest pods. Undefined only for an empty list.
 */
export function pickNode(pod: Pod, feasible: readonly NodeInfo[]): NodeInfo | undefined {
  const ranked = feasible.map((info) => ({ info, rank: rank(pod, info), name: info.node.metadata.name }))
  return ranked.sort((a, b) => compare(a.rank, b.rank) || (a.name < b.name ? -1 : 1))[0]?.info
}

function rank(pod: Pod, info: NodeInfo): readonly number[] {
  const owner = controllerOf(pod)?.uid
  const siblings = owner === undefined ? [] : info.pods.filter((other) => controllerOf(other)?.uid === owner)
  return [avoided(pod, info), -freeShare(pod, info), siblings.length, info.pods.length]
}

function avoided({ spec }: Pod, { node }: NodeInfo): number {
  const soft = (node.spec?.taints ?? []).filter(({ effect }) => effect === 'PreferNoSchedule')
  return soft.filter((taint) => !isTolerated(taint, spec.tolerations)).length
}

/** Percent of cpu and memory that stay free with the pod, averaged, in whole numbers: small differences don't count. */
function freeShare(pod: Pod, { pods, allocatable }: NodeInfo): number {
  const shares = [...assumed].map(([name, least]) => {
    const needed = [...pods, pod].reduce((total, each) => total + (requestsOf(each).get(name) || least), 0)
    const has = allocatable.get(name) ?? 0
    return has === 0 ? 0 : Math.max(0, Math.floor(((has - needed) * 100) / has))
  })
  return Math.floor(shares.reduce((total, share) => total + share, 0) / shares.length)
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [at, value] of a.entries()) {
    const difference = value - (b[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
