import type { Pod } from '../api/kinds/pod.ts'
import { isActive, isReady, readyCondition } from './pod-status.ts'

const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost'
const phaseRank: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

/**
 * Which pods to delete when there are `count` too many: those that are missed least, by the order of upstream's
 * `ActivePodsWithRanks` (pkg/controller). `related` are the pods that should be spread with these, e.g. those of all
 * ReplicaSets of one Deployment: of two nodes the one with more of them loses a pod first.
 */
export function podsToDelete(
  pods: readonly Pod[],
  count: number,
  { related, now }: { related: readonly Pod[]; now: Date },
): readonly Pod[] {
  if (count >= pods.length) return pods
  const crowd = new Map<string, number>()
  for (const { spec } of related.filter(isActive)) {
    if (spec.nodeName !== undefined) crowd.set(spec.nodeName, (crowd.get(spec.nodeName) ?? 0) + 1)
  }
  const crowdOf = ({ spec }: Pod) => crowd.get(spec.nodeName ?? '') ?? 0
  return [...pods].sort((a, b) => compare(a, b, { crowdOf, now })).slice(0, count)
}

function compare(a: Pod, b: Pod, { crowdOf, now }: { crowdOf: (pod: Pod) => number; now: Date }): number {
  return (
    flag(isAssigned(a)) - flag(isAssigned(b)) ||
    (phaseRank[a.status?.phase ?? ''] ?? 0) - (phaseRank[b.status?.phase ?? ''] ?? 0) ||
    flag(isReady(a)) - flag(isReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    crowdOf(b) - crowdOf(a) ||
    byAge(readySince(a), readySince(b), now) ||
    restarts(b) - restarts(a) ||
    byAge(Date.parse(a.metadata.creationTimestamp), Date.parse(b.metadata.creationTimestamp), now) ||
    (a.metadata.uid < b.metadata.uid ? -1 : 1)
  )
}

/** The younger first, by powers of two of their age: among pods of about one age chance decides, here by uid. */
function byAge(sinceA: number | undefined, sinceB: number | undefined, now: Date): number {
  if (sinceA === undefined || sinceB === undefined || sinceA === sinceB) return 0
  return ageRank(sinceA, now) - ageRank(sinceB, now)
}

function ageRank(sinceMs: number, now: Date): number {
  const ageNs = (now.getTime() - sinceMs) * 1e6
  return ageNs <= 0 ? -1 : Math.trunc(Math.log2(ageNs))
}

function isAssigned({ spec }: Pod): boolean {
  return spec.nodeName !== undefined && spec.nodeName !== ''
}

function readySince(pod: Pod): number | undefined {
  return isReady(pod) ? Date.parse(readyCondition(pod)?.lastTransitionTime ?? '') || undefined : undefined
}

function deletionCost({ metadata }: Pod): number {
  const cost = Number(metadata.annotations?.[deletionCostAnnotation] ?? 0)
  return Number.isInteger(cost) ? cost : 0
}

function restarts({ status }: Pod): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount))
}

function flag(value: boolean): number {
  return value ? 1 : 0
}
