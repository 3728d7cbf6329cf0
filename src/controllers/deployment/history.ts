import type { ReplicaSet } from '../../api/kinds/replica-set.ts'
import { revisionOf } from './annotations.ts'
import { byAge, isActive, isObserved, type Rollout } from './rollout.ts'

const noLimit = 2 ** 31 - 1

/** Old ReplicaSets beyond `revisionHistoryLimit`, of the oldest revisions, that have no pods. */
export function setsToForget({ deployment, oldSets }: Rollout): readonly ReplicaSet[] {
  const { revisionHistoryLimit: limit = noLimit } = deployment.spec
  const kept = oldSets.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  if (limit === noLimit || kept.length <= limit) return []
  const oldestFirst = kept.toSorted((a, b) => revisionOf(a) - revisionOf(b) || byAge(a, b))
  return oldestFirst.slice(0, kept.length - limit).filter(isEmpty)
}

function isEmpty(set: ReplicaSet): boolean {
  return !isActive(set) && (set.status?.replicas ?? 0) === 0 && isObserved(set)
}
